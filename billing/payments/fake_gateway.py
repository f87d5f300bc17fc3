"""A little payment provider with books of its own (FakeProviderRecord): for `make run` and for tests. It keeps its word on
idempotency keys, holds run out after a week, and magic card numbers are declined as Stripe's are.

Its card page is ours (`fake_books.CARD_PAGE`): `asked` says what the page is for, `enter` takes a card, `approve` the answer to 3-D Secure.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from billing.models import FakeProviderRecord as Record
from billing.payments import declines, fake_books, fake_cards
from cms.core.errors import Conflict

from .gateway import (
    BadSignature,
    Card,
    Contest,
    Declined,
    Event,
    Given,
    Intent,
    Movement,
    Order,
    PaidOut,
    Setup,
    State,
    Unknown,
)

HELD_FOR = timedelta(days=7)
_OVER = (State.CAPTURED, State.RELEASED)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the card page shows. `amount` None: a card is only saved. `approving`: the bank wants to know whether it is you."""

    reference: str
    amount: Decimal | None
    currency: str
    later: bool
    approving: bool
    over: bool
    return_url: str
    card: Card | None


class FakeGateway:
    name = "fake"
    can_increment = True

    def customer(self, *, reference: str, name: str, email: str, key: str) -> str:
        return fake_books.made("customer", key, {"ours": reference, "name": name, "email": email}).reference

    def save_card(self, *, customer: str, return_url: str, key: str) -> Setup:
        state = {"customer": customer, "return_url": return_url, "status": State.ACTION_NEEDED}
        return fake_books.setup(fake_books.made("setup", key, state))

    def setup(self, *, reference: str) -> Setup:
        return fake_books.setup(fake_books.get(reference, "setup"))

    def forget_card(self, *, card: str) -> None:
        Record.objects.filter(reference=card, kind="card").delete()

    def place(self, order: Order, *, key: str) -> Intent:
        state = {
            "amount": str(order.amount),
            "currency": order.currency,
            "customer": order.customer,
            "later": order.later,
            "return_url": order.return_url,
            "ours": order.reference,
            "status": State.ACTION_NEEDED,
            "captured": "0",
            "refunded": "0",
        }
        record = fake_books.made("intent", key, state)
        if (
            order.method
            and fake_books.read(record)["status"] == State.ACTION_NEEDED
            and "card" not in fake_books.read(record)
        ):
            _try_card(record.reference, order.method, present=bool(order.return_url))
            record.refresh_from_db()
        intent = fake_books.intent(record)
        if intent.state == State.FAILED:
            raise Declined(intent.error_code, intent.error, reference=intent.reference)
        return intent

    @transaction.atomic
    def increment(self, *, intent: str, amount: Decimal, currency: str, key: str) -> Intent:
        record, state = fake_books.locked(intent)
        if state["status"] != State.AUTHORIZED:
            raise Declined("payment_intent_unexpected_state", declines.sentence("payment_intent_unexpected_state"))
        state["amount"] = str(max(amount, Decimal(state["amount"])))
        return fake_books.intent(fake_books.keep(record, state))

    @transaction.atomic
    def capture(self, *, intent: str, amount: Decimal, currency: str, key: str) -> Intent:
        record, state = fake_books.locked(intent)
        if state["status"] == State.AUTHORIZED:
            state |= {"status": State.CAPTURED, "captured": str(amount), "captured_at": timezone.now().isoformat()}
        elif state["status"] != State.CAPTURED:
            raise Declined("payment_intent_unexpected_state", declines.sentence("payment_intent_unexpected_state"))
        return fake_books.intent(fake_books.keep(record, state))

    @transaction.atomic
    def release(self, *, intent: str, key: str) -> Intent:
        record, state = fake_books.locked(intent)
        if state["status"] not in _OVER:
            state["status"] = State.RELEASED
        return fake_books.intent(fake_books.keep(record, state))

    @transaction.atomic
    def refund(self, *, intent: str, amount: Decimal, currency: str, key: str) -> Given:
        """Payments of before it kept books are believed to be what the asker says."""
        mine = Record.objects.select_for_update().filter(reference=intent).first()
        # under the lock: of two with one key, one moves money
        known = Record.objects.filter(key=key, kind="refund").first()
        if known is not None:
            return fake_books.given(known)
        if mine is not None:
            state = fake_books.read(mine)
            back = Decimal(state["refunded"]) + amount
            if back > Decimal(state["captured"]):
                raise Declined("charge_already_refunded", declines.sentence("charge_already_refunded"))
            fake_books.keep(mine, {**state, "refunded": str(back)})
        return fake_books.given(
            fake_books.made("refund", key, {"amount": str(amount), "currency": currency}, parent=intent)
        )

    def retrieve(self, *, intent: str) -> Intent:
        return fake_books.intent(fake_books.get(intent, "intent"))

    def find(self, *, key: str, since: datetime) -> Intent | None:
        record = Record.objects.filter(key=key, kind="intent").first()
        return fake_books.intent(record) if record else None

    def find_refund(self, *, intent: str, key: str) -> Given | None:
        record = Record.objects.filter(key=key, kind="refund").first()
        return fake_books.given(record) if record else None

    def contest(self, *, reference: str) -> Contest:
        raise Unknown("nobody contests anything here", reference=reference)

    def payouts(self, *, since: datetime) -> Iterable[PaidOut]:
        """One a day and currency, the morning after."""
        sums: dict[tuple[str, str], Decimal] = {}
        for moved in self.movements(since=since):
            if moved.payout:
                sums[moved.payout, moved.currency] = sums.get((moved.payout, moved.currency), Decimal(0)) + moved.net
        for (reference, currency), total in sorted(sums.items()):
            day = datetime.strptime(reference.split("_")[2], "%Y%m%d").replace(tzinfo=UTC)
            morning = day + timedelta(days=1, hours=6)
            yield PaidOut(reference, total, currency, "paid", morning, morning.date() + timedelta(days=1))

    def movements(self, *, since: datetime) -> Iterator[Movement]:
        """Whole days, so that a payout is always told with all it is made of."""
        start = datetime.combine(since.date(), time(), UTC)
        for record in Record.objects.filter(kind="intent", updated_at__gte=start).order_by("pk"):
            state = fake_books.read(record)
            at = parse_datetime(state.get("captured_at", ""))
            if state["status"] == State.CAPTURED and at is not None and at >= start:
                yield fake_books.movement(
                    record, "payment", Decimal(state["captured"]), state, at, state.get("ours", "")
                )
        for record in Record.objects.filter(kind="refund", created_at__gte=start).order_by("pk"):
            state = fake_books.read(record)
            yield fake_books.movement(record, "refund", -Decimal(state["amount"]), state, record.created_at, "")

    def parse_event(self, *, body: bytes, signature: str) -> Event:
        raise BadSignature({"signature": ["The fake provider tells nothing by itself."]})


# ---- the card page ---------------------------------------------------------------------------------------------------


def asked(reference: str) -> Asked:
    """Raises Unknown."""
    record = Record.objects.filter(reference=reference, kind__in=("setup", "intent")).first()
    if record is None:
        raise Unknown("no such payment", reference=reference)
    state = fake_books.read(record)
    amount = Decimal(state["amount"]) if record.kind == "intent" else None
    return Asked(
        reference=reference,
        amount=amount,
        currency=state.get("currency", ""),
        later=state.get("later", False),
        approving="approving" in state,
        over=state["status"] != State.ACTION_NEEDED,
        return_url=state.get("return_url", ""),
        card=fake_books.card(state),
    )


def enter(reference: str, number: str, *, exp_month: int, exp_year: int, cvc: str, wallet: str = "") -> State:
    """A card for a payment, or one to save. ACTION_NEEDED: now the bank asks (`approve`). Raises Invalid by field, Declined (the page
    asks for another card), Conflict payment_state, Unknown."""
    typed = fake_cards.entered(
        number, exp_month=exp_month, exp_year=exp_year, cvc=cvc, today=timezone.localdate(), wallet=wallet
    )
    if asked(reference).over:
        raise Conflict("over", code="payment_state")
    if typed.behaviour.saving:
        _refused(reference, typed.behaviour.saving)
        raise Declined(typed.behaviour.saving, declines.sentence(typed.behaviour.saving), reference=reference)
    card = fake_books.made("card", f"{reference}-{timezone.now().isoformat()}", asdict(typed))
    state = _try_card(reference, card.reference, present=True)
    if state == State.FAILED:
        reason = fake_books.read(Record.objects.get(reference=reference)).get("error_code", "")
        raise Declined(reason, declines.sentence(reason), reference=reference)
    return state


@transaction.atomic
def approve(reference: str, *, yes: bool) -> State:
    """What the customer told his bank. A no leaves the payment waiting for another card."""
    record, state = fake_books.locked(reference)
    if state.pop("approving", None):
        if yes:
            return _charged(record, state)
        state |= {"error_code": "payment_intent_authentication_failure"}
        state.pop("card", None)
        fake_books.keep(record, state)
    return State(state["status"])


@transaction.atomic
def _try_card(reference: str, card: str, *, present: bool) -> State:
    record, state = fake_books.locked(reference)
    if state["status"] != State.ACTION_NEEDED:
        return State(state["status"])
    known = Record.objects.filter(reference=card, kind="card").first()
    behaviour = fake_cards.Behaviour(**fake_books.read(known)["behaviour"]) if known else fake_cards.PLAIN
    state |= {"card": card, "look": fake_books.read(known)["card"] if known else {}}
    state.pop("error_code", None)
    asks = behaviour.approves == "always" or (behaviour.approves == "once" and present)
    if asks and present:
        state["approving"] = True
        fake_books.keep(record, state)
        return State.ACTION_NEEDED
    if asks:
        return _declined(record, state, "authentication_required", again=False)
    return _charged(record, state, again=present)


def _charged(record: Record, state: dict[str, Any], *, again: bool = True) -> State:
    known = Record.objects.filter(reference=state["card"], kind="card").first()
    reason = fake_books.read(known)["behaviour"]["paying"] if known and record.kind == "intent" else ""
    if reason:
        return _declined(record, state, reason, again=again)
    later = record.kind == "intent" and state["later"]
    state["status"] = State.AUTHORIZED if later else State.CAPTURED
    if record.kind == "intent" and not later:
        state |= {"captured": state["amount"], "captured_at": timezone.now().isoformat()}
    if later:
        state["expires_at"] = (timezone.now() + HELD_FOR).isoformat()
    fake_books.keep(record, state)
    return State(state["status"])


def _declined(record: Record, state: dict[str, Any], reason: str, *, again: bool) -> State:
    """`again`: the customer is there and may give another card."""
    state |= {"error_code": reason, "status": State.ACTION_NEEDED if again else State.FAILED}
    state.pop("card", None)
    fake_books.keep(record, state)
    return State.FAILED


@transaction.atomic
def _refused(reference: str, reason: str) -> None:
    record, state = fake_books.locked(reference)
    state["error_code"] = reason
    fake_books.keep(record, state)
