"""Money paid ahead, codes, a fleet and a group: set up before the charges are rated, told on afterwards."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_UP, Decimal

from accounts.models import Company, CompanyInvitation, CompanyMember, Driver, DriverGroup, Operator
from billing.models import CDR, Payment, PaymentMethod, Promotion, Redemption, WalletEntry, WalletPolicy
from billing.models.cdr import CDRQuerySet
from billing.payments import fake_books, fake_gateway, gateway
from billing.services.debts import credit_check
from billing.services.fleets import companies
from billing.services.prepaid import promoting, wallets

from . import cast, prices

FLEET = {
    "name": "Bellini Impianti", "billing_name": "Bellini Impianti S.r.l.", "vat_number": "IT00000330365",
    "address": "Via Emilia Est 120", "postal_code": "41124", "city": "Modena", "province": "MO", "country_code": "IT",
    "sdi_code": "M5UXCR1", "payment_days": 60,
}  # fmt: skip
SITES, OFFICE = "Cantieri", "Uffici"
NEAR = Decimal("0.87")  # of the budget that is nearly used up
CODE, BATCH, CODES, ENTERED = "AUTUNNO26", "Fiera di Modena", 40, 6
TOP_UP, FROM_WALLET = Decimal(50), 8
VAT_NOTE = "Buono multiuso: l’IVA è dovuta con ogni ricarica (art. 6-quater DPR 633/1972)."


def create(operator: Operator, start: datetime, now: datetime) -> None:
    """Before the charges are rated: who pays, and what codes take off, is part of their price."""
    WalletPolicy.objects.create(operator=operator, enabled=True, low_at=10, vat_note=VAT_NOTE)
    drivers = list(Driver.objects.filter(operator=operator, vat_number="").select_related("user").order_by("pk"))
    by_email = {driver.user.email: driver for driver in drivers}
    street = [driver for driver in drivers if driver.user.email not in (cast.DARIO.email, cast.GIULIA.email)]
    _fleet(operator, [by_email[cast.MARCO.email], *street[-2:]], start)
    _codes(operator, [by_email[cast.DARIO.email], *street[1:4]], street[4 : 4 + ENTERED], now)
    group = DriverGroup.objects.create(operator=operator, name="Residenti zona Fiera")
    group.drivers.set(street[10:15])


def tell(cdrs: CDRQuerySet, now: datetime) -> None:
    """After the rating, before anybody has paid: Dario's last charges come from his wallet, and one budget is nearly used up."""
    dario = Driver.objects.filter(user__email=cast.DARIO.email, operator__slug=cast.RETE.slug).first()
    if dario is None:
        return
    for cdr in list(cdrs.unpaid().filter(driver=dario).order_by("-stopped_at")[:FROM_WALLET])[::-1]:
        _from_wallet(dario, cdr)
    member = CompanyMember.objects.filter(administrator=False, company__operator=dario.operator).order_by("pk").first()
    if member is not None:
        since = credit_check.month_start(dario.operator.time_zone, now)
        spent = credit_check.spent([member.company_id], since=since).get((member.company_id, member.driver_id))
        cap = ((spent or Decimal(80)) / NEAR).quantize(Decimal(1), ROUND_UP)
        CompanyMember.objects.filter(pk=member.pk).update(monthly_cap=cap)


def _fleet(operator: Operator, drivers: Sequence[Driver], start: datetime) -> None:
    company = companies.create(operator=operator, values={**FLEET, "monthly_cap": Decimal(1500)}, by=None)
    Company.objects.filter(pk=company.pk).update(created_at=start - prices.BEFORE)
    for place, driver in enumerate(drivers):
        CompanyMember.objects.create(
            company=company,
            driver=driver,
            cost_centre=OFFICE if place == 0 else SITES,
            administrator=place == 0,
            joined_at=start - prices.BEFORE,
        )
    CompanyInvitation.objects.create(company=company, email="nuova.collega@bellini.example", cost_centre=OFFICE)


def _codes(operator: Operator, drivers: Sequence[Driver], lucky: Sequence[Driver], now: datetime) -> None:
    since = now.replace(hour=0, minute=0, second=0) - timedelta(days=12, hours=2)
    terms = {"kind": "percent", "value": Decimal(20), "valid_from": since, "valid_until": now + timedelta(days=30)}
    promotion = promoting.create(operator=operator, code=CODE, terms={**terms, "charges_each": 25}, by=None)
    for driver in drivers:
        _entered(promotion, driver, since + timedelta(days=1, hours=17))
    vouchers = promoting.create_batch(
        operator=operator,
        batch=BATCH,
        count=CODES,
        terms={"kind": "voucher", "value": Decimal(10), "valid_from": since},
        by=None,
    )
    for driver, voucher in zip(lucky, vouchers, strict=False):
        redemption = _entered(voucher, driver, since + timedelta(days=5, hours=19))
        entry = wallets.credit(
            driver=driver,
            amount=voucher.value,
            kind=WalletEntry.Kind.VOUCHER,
            key=f"voucher:{redemption.pk}",
            reason=voucher.code,
        )
        WalletEntry.objects.filter(pk=entry.pk).update(created_at=redemption.created_at)


def _entered(promotion: Promotion, driver: Driver, at: datetime) -> Redemption:
    redemption = Redemption.objects.create(promotion=promotion, driver=driver)
    Redemption.objects.filter(pk=redemption.pk).update(created_at=at)
    redemption.created_at = at
    return redemption


def _from_wallet(driver: Driver, cdr: CDR) -> None:
    at = cdr.stopped_at + timedelta(minutes=1)
    while wallets.balance(driver=driver) < cdr.total_incl_vat:
        _top_up(driver, cdr.started_at - timedelta(minutes=4))
    wallets.pay(cdr=cdr)
    WalletEntry.objects.filter(cdr=cdr).update(created_at=at)
    Payment.objects.create(
        operator=driver.operator,
        driver=driver,
        cdr=cdr,
        session_id=cdr.session_id,
        amount=cdr.total_incl_vat,
        captured=cdr.total_incl_vat,
        currency=cdr.currency,
        gateway=gateway.WALLET,
        idempotency_key=f"cdr-{cdr.uid}-wallet",
        status=Payment.Status.CAPTURED,
    )


def _top_up(driver: Driver, at: datetime) -> None:
    key = f"top-up-{driver.pk}-{at:%Y%m%d%H%M}"
    payment = Payment.objects.create(
        operator=driver.operator,
        driver=driver,
        method=PaymentMethod.objects.usable().filter(driver=driver).first(),
        purpose=Payment.Purpose.TOP_UP,
        amount=TOP_UP,
        captured=TOP_UP,
        currency="EUR",
        gateway=fake_gateway.FakeGateway.name,
        gateway_id=fake_books.reference("intent", key),
        idempotency_key=key,
        status=Payment.Status.CAPTURED,
    )
    Payment.objects.filter(pk=payment.pk).update(created_at=at, updated_at=at)
    wallet = wallets.locked(driver=driver)
    entry = wallets.enter(wallet, WalletEntry.Kind.TOP_UP, TOP_UP, f"payment:{payment.pk}:0", payment=payment)
    WalletEntry.objects.filter(pk=entry.pk).update(created_at=at)
