"""Stripe's objects in our words, and its way of counting."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.payments import declines, minor_units

from .gateway import Card, Given, Intent, Movement, State

HELD_FOR = timedelta(days=6, hours=12)  # where the bank has not said how long: Stripe lets go after seven days

# Stripe's own exceptions from ISO 4217 (docs.stripe.com/currencies): counted with two decimals that must be zero
_TWO_DECIMALS = frozenset({"ISK", "UGX"})

_STATES = {
    "requires_payment_method": State.ACTION_NEEDED,
    "requires_confirmation": State.ACTION_NEEDED,
    "requires_action": State.ACTION_NEEDED,
    "processing": State.PENDING,
    "requires_capture": State.AUTHORIZED,
    "succeeded": State.CAPTURED,
    "canceled": State.RELEASED,
}
_KINDS = {
    "charge": "payment",
    "payment": "payment",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund",
    "adjustment": "dispute",
    "stripe_fee": "fee",
    "application_fee": "fee",
}

Facts = dict[str, Any]  # an object of theirs as plain JSON


def units(amount: Decimal, currency: str) -> int:
    """Three decimals must end in zero (KWD 1.234 is refused)."""
    if currency in _TWO_DECIMALS:
        return int(amount) * 100
    units = minor_units.of(amount, currency)
    return units // 10 * 10 if minor_units.of(Decimal(1), currency) == 1000 else units


def amount(units: int, currency: str) -> Decimal:
    return Decimal(units) / 100 if currency in _TWO_DECIMALS else minor_units.amount(units, currency)


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def intent(found: Facts) -> Intent:
    currency, state = found["currency"].upper(), _STATES[found["status"]]
    charge = _expanded(found.get("latest_charge"))
    error = found.get("last_payment_error") or {}
    waits = state == State.ACTION_NEEDED
    reason = (error.get("decline_code") or error.get("code") or "") if waits else ""
    captured, refunded = _sums(found, charge, currency) if state == State.CAPTURED else (Decimal(0), Decimal(0))
    method = _expanded(found.get("payment_method"))
    return Intent(
        reference=found["id"],
        state=state,
        amount=amount(found["amount"], currency),
        currency=currency,
        captured=captured,
        refunded=refunded,
        client_secret=found["client_secret"] if waits else "",
        error_code=reason,
        error=declines.sentence(reason) if reason else "",
        expires_at=_expiry(found, charge) if state == State.AUTHORIZED else None,
        card=look(method) if method else None,
    )


def _expanded(whole: Any) -> Facts:
    """What came as a mere reference is empty."""
    return whole if isinstance(whole, dict) else {}


def _sums(found: Facts, charge: Facts, currency: str) -> tuple[Decimal, Decimal]:
    """Captured and refunded. The stand-in knows no amount_received: there the released rest is a refund of its own, without our
    key."""
    if "amount_received" in found:
        return amount(found["amount_received"], currency), amount(charge.get("amount_refunded", 0), currency)
    given = charge["refunds"]["data"] if charge else []
    ours = sum(one["amount"] for one in given if (one["metadata"] or {}).get("key"))
    rest = sum(one["amount"] for one in given if not (one["metadata"] or {}).get("key"))
    return amount(found["amount"] - rest, currency), amount(ours, currency)


def _expiry(found: Facts, charge: Facts) -> datetime:
    card = (charge.get("payment_method_details") or {}).get("card") or {}
    return at(card["capture_before"]) if card.get("capture_before") else at(found["created"]) + HELD_FOR


def look(method: Facts) -> Card:
    card = method.get("card") or {}
    return Card(
        reference=method["id"],
        kind=method["type"],
        brand=card.get("brand") or "",
        last4=card.get("last4") or "",
        exp_month=card.get("exp_month"),
        exp_year=card.get("exp_year"),
        wallet=(card.get("wallet") or {}).get("type") or "",
    )


def given(found: Facts) -> Given:
    return Given(
        found["id"],
        amount(found["amount"], found["currency"].upper()),
        failed=found["status"] in ("failed", "canceled"),
        pending=found["status"] in ("pending", "requires_action"),
    )


def movement(one: Facts, payout: str) -> Movement:
    """The source of a payment, and of a dispute about it, is its PaymentIntent, which is what we know."""
    currency, source = one["currency"].upper(), _expanded(one.get("source"))
    kind = _KINDS.get(one["type"], "other")
    about = source.get("payment_intent") if kind in ("payment", "dispute") else source.get("id")
    return Movement(
        reference=one["id"],
        kind=kind,
        source=str(about or source.get("id") or one.get("source") or ""),
        gross=amount(one["amount"], currency),
        fee=amount(one["fee"], currency),
        net=amount(one["net"], currency),
        currency=currency,
        booked_at=at(one["created"]),
        payout=payout,
        ours=str((source.get("metadata") or {}).get("ours") or ""),
    )
