"""What happens with money by itself. Each task takes ids, may be killed at any line, and asks the provider again later where it is
away; cms/celery.py says when the sweeps run."""

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import TypeVar

from celery import shared_task

from billing.models import PaymentMethod
from billing.services.cards import methods, payment_news, payment_steps, payments, payouts, session_holds, webhooks
from billing.services.debts import settling
from cms.core.errors import DomainError, Unavailable

logger = logging.getLogger(__name__)

Thing = TypeVar("Thing")

STUCK = timedelta(seconds=30)  # whoever began a step has settled it by then, or is dead


@shared_task
def collect(cdr_ids: Sequence[int]) -> None:
    """Behind `cdr_created`."""
    each("collect cdr", cdr_ids, lambda pk: settling.settle(cdr_id=pk))


@shared_task
def collect_due() -> None:
    """The sweep behind it, and the way back: what was paid for a charge that has been taken back since."""
    collect(settling.due())
    each("give back cdr", settling.to_give_back(), lambda pk: settling.give_back(cdr_id=pk))


@shared_task
def collect_owed(method_ids: Sequence[int]) -> None:
    """Behind `payment_method_saved`: the driver's open charges, with the new card."""
    drivers = PaymentMethod.objects.filter(pk__in=method_ids, driver__isnull=False, is_default=True)
    for driver_id in drivers.values_list("driver_id", flat=True):
        collect(settling.of_driver(driver_id))


@shared_task
def finish_payment_steps() -> None:
    """The sweep behind every movement: steps that were begun and never settled, payments whose end nobody has told us, cards that
    somebody began to save."""
    payments.adopt()
    each("payment step", payment_steps.waiting(before=STUCK), payment_steps.run)
    each("payment", payments.due(), lambda pk: payments.sweep(payment_id=pk))
    each("payment method", methods.due(), lambda pk: methods.sweep(method_id=pk))


@shared_task
def hold_for_sessions(session_ids: Sequence[int]) -> None:
    """Behind `session_started`: a card at the charger, where the operator wants the money first."""
    each("hold for session", session_ids, lambda pk: session_holds.place(session_ids=[pk]))


@shared_task
def watch_holds() -> None:
    """Every few seconds: no session may cost more than is held for it; and the sweep behind `hold_for_sessions`."""
    hold_for_sessions(session_holds.due())
    each("holds", [session_holds.watch, session_holds.stop_refused], lambda look: look())


@shared_task
def tell_payers() -> None:
    """Refusals and stops that nobody has been told of."""
    each("news of payment", payment_news.due(), lambda pk: payment_news.tell(payment_id=pk))


@shared_task
def apply_webhooks(event_ids: Sequence[int]) -> None:
    """Behind `webhook_received`."""
    each("webhook", event_ids, lambda pk: webhooks.apply(event_id=pk))


@shared_task
def apply_waiting_webhooks() -> None:
    apply_webhooks(webhooks.due())


@shared_task
def fetch_payouts() -> None:
    """Every night: what the provider's account says of the last days, held against our own books."""
    each("payouts", [None], lambda _: payouts.fetch())
    payouts.match()
    webhooks.forget_old()


def each(what: str, things: Iterable[Thing], do: Callable[[Thing], object]) -> None:
    """One that fails keeps none of the others waiting."""
    for thing in things:
        try:
            do(thing)
        except Unavailable:
            logger.warning("payment provider away %s=%s", what, thing)
        except DomainError as error:
            logger.warning("%s=%s: %s (%s)", what, thing, error.text, error.code)
        except Exception:
            logger.exception("%s=%s failed", what, thing)
