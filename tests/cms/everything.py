"""One row of everything, as it comes about: what tests that walk over all addresses of the site ask for."""

from datetime import UTC, datetime
from decimal import Decimal

from rest_framework.test import APIClient

from accounts.models import Company, CompanyMember, Driver, Operator, User
from billing.models import Promotion, Redemption
from billing.services.charges import rating
from billing.services.invoicing import invoices
from billing.services.month_end import exports, writing
from billing.services.prepaid import wallets
from cms.wiring import csms
from sessions_app.models import ChargingSession
from stations.models import ChargingStation, Command
from tests.factories import ConnectorFactory, EvseFactory, LocationFactory, TokenFactory
from tests.factories import plans as plan_rows
from tests.factories.billing import TariffAssignmentFactory, TariffFactory, TariffVersionFactory
from tests.sessions_app.telling import Teller

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
SELLER = {
    "legal_name": "Rete Adriatica S.r.l.", "vat_number": "IT00743110157", "address": "Via Stalingrado 71",
    "postal_code": "40128", "city": "Bologna", "province": "BO", "tax_regime": "RF01", "iban": "IT60X0542811101000000123456",
}  # fmt: skip
BUYER = {
    "billing_name": "Bellini Impianti S.r.l.", "vat_number": "IT01234567897", "address": "Via Emilia Est 120",
    "postal_code": "41124", "city": "Modena", "province": "MO", "sdi_code": "M5UXCR1",
}  # fmt: skip


def populate(
    *, operator: Operator, station: ChargingStation, driver: Driver, accountant: User, api: APIClient
) -> dict[str, str]:
    """Null and filled members both. What stands in the addresses of the API, by their first segment."""
    Operator.objects.filter(pk=operator.pk).update(**SELLER)
    Driver.objects.filter(pk=driver.pk).update(**BUYER)
    location = LocationFactory(operator=operator)
    ChargingStation.objects.filter(pk=station.pk).update(online=True, ocpp_version="1.6", location=location)
    ConnectorFactory(evse=EvseFactory(station=station, uid="IT*ADR*E0042*1"), status="Available", updated_at=NOON)
    token = TokenFactory(operator=operator, uid="04F00BA4", driver=driver)
    TokenFactory(operator=operator, type="ISO14443", parent_id_tag="FLEET", expires_at=NOON, max_active_sessions=None)
    tariff = TariffVersionFactory(tariff=TariffFactory(operator=operator), max_price=Decimal("30.5")).tariff
    TariffAssignmentFactory(operator=operator, tariff=tariff)
    pole = Teller(station)
    (told,) = csms.handle([pole.start(0, token.uid, meter=1200)])
    csms.handle([pole.stop(45, told.transaction_id, 21_200)])
    ended = ChargingSession.objects.get()
    cdr = rating.rate(session_id=ended.pk)
    assert cdr is not None
    document = invoices.issue(cdrs=[cdr], by=accountant)
    invoices.credit_note(invoice=document, by=accountant)
    file = exports.start(operator=operator, kind="charges", params={}, by=accountant)
    writing.run(file.pk)
    asked = [
        api.post("/api/v1/stations/CP-0042/commands/", {"action": "ClearCache"}, format="json").json() for _ in range(3)
    ]
    Command.objects.filter(uid=asked[0]["id"]).update(status="accepted", response='{"status":"Accepted"}', sent_at=NOON)
    Command.objects.filter(uid=asked[1]["id"]).update(
        status="error", error='{"code":"X","description":"","details":{}}'
    )
    fleet = Company.objects.create(operator=operator, name="Bellini Impianti", monthly_cap=Decimal("500.5"))
    CompanyMember.objects.create(company=fleet, driver=driver, joined_at=NOON)
    Company.objects.create(operator=operator, name="Sartori", archived_at=NOON)
    code = Promotion.objects.create(
        operator=operator, code="BELLINI26", kind="percent", value=20, currency="EUR", valid_from=NOON
    )
    Redemption.objects.create(promotion=code, driver=driver)
    wallets.credit(driver=driver, amount=Decimal(20), kind="voucher", key="voucher:1", reason="BELLINI26")
    plan = plan_rows.plan(operator)
    subscription = plan_rows.subscription(driver, plan)
    paid = subscription.fees.get().payment
    assert paid is not None
    return {
        "wallets": str(driver.wallets.get().pk),
        "wallet-entries": str(driver.wallets.get().entries.get().pk),
        "plans": str(plan.plan_id),
        "subscriptions": str(subscription.pk),
        "stations": "CP-0042",
        "commands": asked[0]["id"],
        "sessions": str(ended.pk),
        "tokens": "04F00BA4",
        "tariffs": str(tariff.pk),
        "cdrs": str(cdr.uid),
        "invoices": str(document.pk),
        "exports": str(file.pk),
        "payments": str(paid.pk),
        "companies": str(fleet.pk),
        "promotions": str(code.pk),
    }
