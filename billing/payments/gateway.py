"""What billing asks of a payment provider. The fake one stands beside it; Stripe's will be the only importer of stripe."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

FAKE = "billing.payments.fake_gateway.FakeGateway"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`gateway_id` is the provider's own reference; `error` a sentence where it was declined, empty where money moved."""

    gateway_id: str
    error: str = ""


class PaymentGateway(Protocol):
    """Every call names an idempotency key: the same key never moves money twice, and gives the same outcome again.

    Raises cms.core.errors.Unavailable where the provider does not answer; then nobody knows, and the same call follows later.
    """

    name: str

    def collect(self, *, amount: Decimal, currency: str, customer: str, key: str) -> Outcome: ...

    def refund(self, *, gateway_id: str, amount: Decimal, currency: str, key: str) -> Outcome: ...


def current() -> PaymentGateway:
    """The provider of this installation (settings.PAYMENT_GATEWAY, a dotted path)."""
    gateway: PaymentGateway = import_string(getattr(settings, "PAYMENT_GATEWAY", FAKE))()
    return gateway
