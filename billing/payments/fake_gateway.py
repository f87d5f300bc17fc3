"""Collects at once and never fails: until payments arrive, and for demos."""

import hashlib
from decimal import Decimal

from .gateway import Outcome


class FakeGateway:
    name = "fake"

    def collect(self, *, amount: Decimal, currency: str, customer: str, key: str) -> Outcome:
        return Outcome(_reference("pay", key))

    def refund(self, *, gateway_id: str, amount: Decimal, currency: str, key: str) -> Outcome:
        return Outcome(_reference("ref", key))


def _reference(kind: str, key: str) -> str:
    """The same for the same key, as a provider's idempotency promises."""
    return f"fake_{kind}_{hashlib.sha256(key.encode()).hexdigest()[:24]}"
