"""What is asked for a plan: a row, an invoice where the driver's data allow one, and a payment.

Each attempt to be paid has a key of its own: asked again after a power cut it is the same attempt, after a refusal the next."""

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from django.db.models import Q, QuerySet
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

from billing.documents.positions import Position
from billing.models import Payment, PaymentMethod, PlanVersion, Subscription, SubscriptionFee, SubscriptionPeriod
from billing.services.cards import methods, payments
from billing.services.invoicing import invoices
from billing.tariffs import exact
from cms.core.errors import Conflict

LATE = timedelta(days=35)  # data that come later than this change no fee of the past


def ask(
    *,
    subscription: Subscription,
    kind: str,
    version: PlanVersion,
    amount: Decimal,
    since: datetime,
    days: tuple[int, int],
    period: SubscriptionPeriod | None = None,
) -> SubscriptionFee:
    """`days`: how many of how many it is for."""
    return SubscriptionFee.objects.create(
        subscription=subscription,
        period=period,
        kind=kind,
        version=version,
        amount=amount,
        currency=version.currency,
        since=since,
        days=days[0],
        of_days=days[1],
    )


def due(fee: SubscriptionFee) -> Decimal:
    """What it costs with VAT."""
    return fee.invoice.total_incl_vat if fee.invoice else with_vat(fee.version, fee.amount)


def with_vat(version: PlanVersion, amount: Decimal) -> Decimal:
    """An amount in the version's terms, as it is paid."""
    if version.tax_included:
        return amount
    return amount + exact.cents(Fraction(amount) * Fraction(version.vat_rate) / 100, version.currency)


def has_card(fee: SubscriptionFee) -> bool:
    return methods.default_of(fee.subscription.driver) is not None


def attempts(fee: SubscriptionFee) -> QuerySet[Payment]:
    """Every payment that was tried for it, oldest first."""
    return Payment.objects.filter(idempotency_key__startswith=f"fee-{fee.uid}-").order_by("pk")


def attempt(
    *, fee: SubscriptionFee, name: str, method: PaymentMethod | None = None, return_url: str = ""
) -> Payment | None:
    """Asks `method`, or the driver's default card, for it: once for each `name`. With a `return_url` the driver is there, to confirm
    or to give a card; without one there must be a card. None where there is nothing to pay. Outside a transaction: the provider
    is asked. Raises Conflict(no_method), Unavailable."""
    amount = due(fee)
    if not amount:
        return None
    card = method or methods.default_of(fee.subscription.driver)
    if card is None and not return_url:
        raise Conflict(_("There is no card that could pay."), code="no_method")
    payment = payments.charge(
        operator=fee.subscription.operator,
        amount=amount,
        currency=fee.currency,
        key=f"fee-{fee.uid}-{name}",
        purpose=Payment.Purpose.SUBSCRIPTION,
        method=card,
        driver=fee.subscription.driver,
        invoice=fee.invoice,
        return_url=return_url,
    )
    SubscriptionFee.objects.filter(pk=fee.pk, paid_at=None).update(payment=payment, updated_at=timezone.now())
    return payment


def next_by_hand(fee: SubscriptionFee) -> str:
    """The name of the attempt that a person begins now: the same until it is refused."""
    return f"hand-{attempts(fee).filter(status=Payment.Status.FAILED).count() + 1}"


def document(fee: SubscriptionFee) -> bool:
    """Its invoice, where the operator's and the driver's data are complete; made once. Returns whether there is one."""
    if fee.invoice_id or not fee.amount:
        return bool(fee.invoice_id)
    subscription = fee.subscription
    language = subscription.driver.user.language or subscription.operator.language
    try:
        invoice = invoices.issue_positions(
            operator=subscription.operator,
            buyer=subscription.driver,
            positions=[position(fee, language)],
            currency=fee.currency,
            tax_included=fee.version.tax_included,
            source=f"subscription-fee:{fee.pk}",
            by=None,
            language=language,
        )
    except Conflict:  # data are missing: the fee stays without a number until they are there
        return False
    SubscriptionFee.objects.filter(pk=fee.pk).update(invoice=invoice, updated_at=timezone.now())
    fee.invoice = invoice
    return True


def undocumented(limit: int = 200) -> list[int]:
    """Fees paid in the last weeks whose driver, and operator, have told what an invoice needs since."""
    driver = "subscription__driver__"
    identified = ~Q(**{f"{driver}vat_number": ""}) | ~Q(**{f"{driver}fiscal_code": ""})
    identified |= ~Q(**{f"{driver}country_code": "IT"})
    found = SubscriptionFee.objects.filter(invoice=None, amount__gt=0, paid_at__gte=timezone.now() - LATE).filter(
        identified
    )
    complete = found.exclude(**{f"{driver}billing_name": ""}).exclude(**{f"{driver}address": ""})
    complete = complete.exclude(**{f"{driver}city": ""}).exclude(subscription__operator__legal_name="")
    return list(complete.order_by("pk").values_list("pk", flat=True)[:limit])


def position(fee: SubscriptionFee, language: str) -> Position:
    """Its line: the plan, and the days it is for."""
    month = fee.period
    plan = fee.version.plan.name
    first = last = None
    with translation.override(language):
        if month:
            first, last = month.end - timedelta(days=fee.days), month.end - timedelta(days=1)
            span = {"plan": plan, "first": _day(first), "last": _day(last)}
            text = _("Plan %(plan)s, %(first)s – %(last)s") % span
        else:
            text = _("Plan %(plan)s") % {"plan": plan}
    rate = fee.version.vat_rate
    return Position(text, Decimal(1), "", fee.amount, fee.amount, rate, since=first, until=last)


def _day(day: object) -> str:
    return formats.date_format(day, "SHORT_DATE_FORMAT")  # type: ignore[arg-type]
