"""What a provider is asked for each kind of step, with the step's key; where the provider may have forgotten that, what became of the
first time comes first."""

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from billing.models import Payment, PaymentStep
from billing.payments import gateway
from billing.payments.gateway import Given, Intent, Order, PaymentGateway, State, Unknown
from billing.services.cards import payment_customers

Kind = PaymentStep.Kind

REMEMBERED = timedelta(hours=20)  # Stripe forgets an idempotency key after 24 h


def answer(step: PaymentStep, payment: Payment) -> Intent | Given:
    """Raises Declined, Unavailable, Unknown."""
    provider = gateway.of(payment.gateway)
    forgotten = step.created_at < timezone.now() - REMEMBERED
    return (_became(provider, step, payment) if forgotten else None) or _ASK[Kind(step.kind)](provider, step, payment)


def _place(provider: PaymentGateway, step: PaymentStep, payment: Payment) -> Intent:
    order = Order(
        amount=step.amount,
        currency=payment.currency,
        customer=payment_customers.reference(payment),
        method=payment.method.gateway_id if payment.method else "",
        return_url=payment.return_url,
        later=payment.later,
        reference=payment.idempotency_key,
    )
    return provider.place(order, key=step.key)


def _increment(provider: PaymentGateway, step: PaymentStep, payment: Payment) -> Intent:
    return provider.increment(intent=payment.gateway_id, amount=step.amount, currency=payment.currency, key=step.key)


def _capture(provider: PaymentGateway, step: PaymentStep, payment: Payment) -> Intent:
    return provider.capture(intent=payment.gateway_id, amount=step.amount, currency=payment.currency, key=step.key)


def _release(provider: PaymentGateway, step: PaymentStep, payment: Payment) -> Intent:
    return provider.release(intent=payment.gateway_id, key=step.key)


def _refund(provider: PaymentGateway, step: PaymentStep, payment: Payment) -> Given:
    return provider.refund(intent=payment.gateway_id, amount=step.amount, currency=payment.currency, key=step.key)


_ASK: dict[str, Callable[[PaymentGateway, PaymentStep, Payment], Intent | Given]] = {
    Kind.AUTHORIZE: _place,
    Kind.CHARGE: _place,
    Kind.INCREMENT: _increment,
    Kind.CAPTURE: _capture,
    Kind.RELEASE: _release,
    Kind.REFUND: _refund,
}


def _became(provider: PaymentGateway, step: PaymentStep, payment: Payment) -> Intent | Given | None:
    """None: the provider knows nothing of it, so that asking is asking for the first time."""
    if step.kind == Kind.REFUND:
        return provider.find_refund(intent=payment.gateway_id, key=step.key)
    if step.kind in (Kind.AUTHORIZE, Kind.CHARGE):
        return provider.find(key=step.key, since=step.created_at - timedelta(hours=1))
    try:
        intent = provider.retrieve(intent=payment.gateway_id)
    except Unknown:
        return None
    return intent if intent.state != State.AUTHORIZED or intent.amount == step.amount else None
