"""Charges without an account, behind whoever stands at the charger."""

import logging
from collections.abc import Iterable, Sequence

from celery import shared_task

from billing.services import adhoc, held_starts
from cms.core.errors import Unavailable

logger = logging.getLogger(__name__)


@shared_task
def pursue_paid(payment_ids: Sequence[int]) -> None:
    """Behind `payment_changed`: the provider may know before the payer's browser comes back, if it ever does."""
    _pursue(adhoc.paid_with(payment_ids))


@shared_task
def pursue_due() -> None:
    """The sweep, every few seconds: a refused start gives its hold back at once, with an account or without."""
    _pursue(adhoc.due())
    for pk in held_starts.due():
        try:
            held_starts.let_go(payment_id=pk)
        except Unavailable:
            logger.warning("payment provider away payment=%s", pk)
        except Exception:
            logger.exception("hold without a charge is stuck payment=%s", pk)


@shared_task
def forget_tokens() -> int:
    return adhoc.forget_tokens()


def _pursue(charges: Iterable[int]) -> None:
    for pk in charges:
        try:
            adhoc.pursue(charge_id=pk)
        except Unavailable:
            logger.warning("payment provider away adhoc=%s", pk)
        except Exception:
            logger.exception("charge without an account is stuck adhoc=%s", pk)
