"""Who had a hand in a payment, and why."""

from decimal import Decimal

from accounts.models import ApiKey, User
from billing.models import Payment, PaymentAct

Actor = User | ApiKey


def note(*, payment: Payment, verb: str, amount: Decimal | None, reason: str, by: Actor) -> None:
    """A key has no row of its own there: its name stands beside the reason."""
    person, said = (by, reason.strip()) if isinstance(by, User) else (None, f"{reason.strip()} · {by}".strip(" ·"))
    PaymentAct.objects.create(payment=payment, verb=verb, amount=amount, reason=said, by=person)
