"""Charges without an account, behind whoever stands at the charger."""

from collections.abc import Iterable, Sequence

from celery import shared_task

from billing.services.cards import adhoc, adhoc_sweeps, held_starts

from .payments import each


@shared_task
def pursue_paid(payment_ids: Sequence[int]) -> None:
    """Behind `payment_changed`: the provider may know before the payer's browser comes back, if it ever does."""
    _pursue(adhoc_sweeps.paid_with(payment_ids))


@shared_task
def pursue_answered(command_id: int) -> None:
    """Behind `command_changed`: who is refused has the money back at once, with an account or without."""
    _pursue(adhoc_sweeps.answered(command_id))
    each("held start", held_starts.answered(command_id), lambda pk: held_starts.let_go(payment_id=pk))


@shared_task
def pursue_due() -> None:
    """The sweep, every few seconds, behind the announcements: also what was never answered."""
    _pursue(adhoc_sweeps.due())
    each("held start", held_starts.due(), lambda pk: held_starts.let_go(payment_id=pk))


@shared_task
def forget_tokens() -> int:
    return adhoc_sweeps.forget_tokens()


def _pursue(charges: Iterable[int]) -> None:
    each("adhoc", charges, lambda pk: adhoc.pursue(charge_id=pk))
