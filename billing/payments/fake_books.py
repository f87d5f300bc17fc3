"""What the fake provider remembers (FakeProviderRecord): one row for each customer, card, conversation, payment and refund, its state as
JSON text."""

import hashlib
import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from billing.models import FakeProviderRecord as Record
from billing.payments import declines, minor_units

from .gateway import Card, Given, Intent, Movement, Setup, State, Unknown

CARD_PAGE = "/pay/card/{reference}/"
FEE_SHARE, FEE_FIXED = Decimal("0.015"), Decimal("0.25")

_PREFIXES = {"customer": "cus", "setup": "seti", "card": "card", "intent": "pay", "refund": "ref"}


def reference(kind: str, key: str) -> str:
    """The same for the same key, as a provider's idempotency promises."""
    return f"fake_{_PREFIXES[kind]}_{hashlib.sha256(key.encode()).hexdigest()[:24]}"


def made(kind: str, key: str, state: dict[str, Any], *, parent: str = "") -> Record:
    record, _new = Record.objects.get_or_create(
        key=key,
        defaults={"kind": kind, "reference": reference(kind, key), "state": json.dumps(state), "parent": parent},
    )
    return record


def get(reference: str, kind: str) -> Record:
    record = Record.objects.filter(reference=reference, kind=kind).first()
    if record is None:
        raise Unknown("no such payment", reference=reference)
    return expired(record) if kind == "intent" else record


def locked(reference: str) -> tuple[Record, dict[str, Any]]:
    record = Record.objects.select_for_update().filter(reference=reference).first()
    if record is None:
        raise Unknown("no such payment", reference=reference)
    return record, read(expired(record))


def expired(record: Record) -> Record:
    """A hold that nobody captured in time is gone."""
    state = read(record)
    until = parse_datetime(state.get("expires_at", ""))
    if state["status"] == State.AUTHORIZED and until is not None and until <= timezone.now():
        state["status"] = State.RELEASED
        keep(record, state)
    return record


def read(record: Record) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(record.state)
    return state


def keep(record: Record, state: dict[str, Any]) -> Record:
    record.state = json.dumps(state)
    record.save(update_fields=["state", "updated_at"])
    return record


def card(state: dict[str, Any]) -> Card | None:
    look = state.get("look")
    return Card(**{**look, "reference": state["card"]}) if look and state.get("card") else None


def setup(record: Record) -> Setup:
    state = read(record)
    waits = state["status"] == State.ACTION_NEEDED
    return Setup(
        reference=record.reference,
        state=State(state["status"]),
        client_secret=f"{record.reference}_secret" if waits else "",
        action_url=CARD_PAGE.format(reference=record.reference) if waits else "",
        card=card(state),
        error_code=state.get("error_code", ""),
    )


def intent(record: Record) -> Intent:
    state, reason = read(record), read(record).get("error_code", "")
    waits = state["status"] == State.ACTION_NEEDED
    return Intent(
        reference=record.reference,
        state=State(state["status"]),
        amount=Decimal(state["amount"]),
        currency=state["currency"],
        captured=Decimal(state["captured"]),
        refunded=Decimal(state["refunded"]),
        client_secret=f"{record.reference}_secret" if waits else "",
        action_url=CARD_PAGE.format(reference=record.reference) if waits else "",
        error_code=reason,
        error=declines.sentence(reason) if reason else "",
        expires_at=parse_datetime(state.get("expires_at", "")),
        card=card(state),
    )


def given(record: Record) -> Given:
    return Given(record.reference, Decimal(read(record)["amount"]))


def movement(record: Record, kind: str, gross: Decimal, state: dict[str, Any], at: datetime, ours: str) -> Movement:
    currency = state["currency"]
    fee = minor_units.rounded(gross * FEE_SHARE + FEE_FIXED, currency) if kind == "payment" else Decimal(0)
    paid = f"fake_po_{at:%Y%m%d}_{currency}" if at.date() < timezone.now().date() else ""
    return Movement(
        reference=f"fake_txn_{record.reference}",
        kind=kind,
        source=record.reference,
        gross=gross,
        fee=fee,
        net=gross - fee,
        currency=currency,
        booked_at=at,
        payout=paid,
        ours=ours,
    )
