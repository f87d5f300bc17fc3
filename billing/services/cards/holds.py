"""Holds: an amount is blocked on the card before a charge starts, and what it cost is captured of it afterwards
(docs/decisions/0022). Never inside a transaction."""

from decimal import Decimal

from django.utils.translation import gettext as _

from accounts.models import Company, Driver, Operator
from billing.models import CDR, Payment, PaymentMethod, PaymentStep
from billing.payments import gateway, minor_units
from billing.services.cards import payment_steps, payments
from cms.core.errors import Conflict, Invalid
from sessions_app.models import ChargingSession, StartRequest

Kind, Status = PaymentStep.Kind, Payment.Status


def place(
    *,
    operator: Operator,
    amount: Decimal,
    currency: str,
    key: str,
    purpose: str,
    method: PaymentMethod | None = None,
    driver: Driver | None = None,
    company: Company | None = None,
    session: ChargingSession | None = None,
    start_request: StartRequest | None = None,
    return_url: str = "",
) -> Payment:
    """Authorized, action_needed (the payer goes to `action_url`, or the page uses `client_secret`) or failed. With `return_url`
    somebody is there to approve it; without `method` he gives a card on our page. A second call with the same key goes on with
    the first. Raises Unavailable (the row waits for the sweep), Invalid amount."""
    return payments.placed(
        Kind.AUTHORIZE,
        key,
        operator=operator,
        amount=amount,
        currency=currency,
        purpose=purpose,
        method=method,
        driver=driver,
        company=company,
        session=session,
        start_request=start_request,
        return_url=return_url,
        later=True,
    )


def increment(*, payment: Payment, amount: Decimal) -> Payment:
    """Blocks `amount` in all. Where the bank says no, the hold is what it was, with the refusal in `error_code`. Raises Conflict
    payment_state, cannot_increment, Unavailable."""
    provider = gateway.of(payment.gateway)
    if not provider.can_increment:
        raise Conflict(_("The payment provider cannot raise a hold."), code="cannot_increment")
    payment = payment_steps.finish(payment)
    whole = minor_units.rounded(amount, payment.currency)
    if whole <= payment.amount:
        return payment
    number = payment.steps.filter(kind=Kind.INCREMENT).count() + 1
    step = payment_steps.begin(payment, Kind.INCREMENT, key=f"{payment.idempotency_key}-raise-{number}", amount=whole)
    return payment_steps.run(step)


def capture(*, payment: Payment, amount: Decimal, cdr: CDR | None = None) -> Payment:
    """Takes `amount` (at most what is held) and lets the rest go; nothing to take releases it all. A second time it is the first.
    Raises Conflict payment_state for a hold that is gone, Invalid amount, Unavailable."""
    payment = payment_steps.finish(payment)
    wanted = minor_units.rounded(amount, payment.currency)
    if not wanted:
        return release(payment=payment)
    if payment.status == Status.CAPTURED:
        return payment
    if not 0 < wanted <= payment.amount:
        raise Invalid({"amount": [_("More than is held cannot be captured.")]})
    facts = {"cdr": cdr} if cdr else {}
    step = payment_steps.begin(payment, Kind.CAPTURE, key=_next_key(payment, Kind.CAPTURE), amount=wanted, **facts)
    return payment_steps.run(step)


def release(*, payment: Payment) -> Payment:
    """Lets the whole hold go. One that is gone already is boring. Raises Conflict payment_state once it was captured, Unavailable."""
    payment = payment_steps.finish(payment)
    if payment.status in (Status.RELEASED, Status.FAILED):
        return payment
    step = payment_steps.begin(payment, Kind.RELEASE, key=_next_key(payment, Kind.RELEASE))
    return payment_steps.run(step)


def attach(
    *, payment: Payment, start_request: StartRequest | None = None, session: ChargingSession | None = None
) -> None:
    """Says what a hold is for, once that exists."""
    facts = {name: row for name, row in (("start_request", start_request), ("session", session)) if row}
    Payment.objects.filter(pk=payment.pk).update(**facts)
    for name, row in facts.items():
        setattr(payment, name, row)


def _next_key(payment: Payment, kind: str) -> str:
    """Another one after each refusal: the provider repeats its answer to a key."""
    failed = payment.steps.filter(kind=kind, status=PaymentStep.Status.FAILED).count()
    return f"{payment.idempotency_key}-{kind}" + (f"-{failed + 1}" if failed else "")
