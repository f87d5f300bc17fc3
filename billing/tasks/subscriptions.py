"""Plans and debts by themselves: months renewed, fees collected, ladders climbed, people told."""

from collections.abc import Sequence

from celery import shared_task

from billing.models import DunningStep, SubscriptionEvent
from billing.services.debts import chasing, dunning, letters
from billing.services.recurring import collecting, fees, renewals, usage
from billing.tasks.payments import each
from cms.core.errors import Unavailable


@shared_task
def renew_subscriptions() -> None:
    """Every hour: a month ends at midnight of its operator's time zone."""
    each("renewal", renewals.due(), lambda pk: renewals.renew(subscription_id=pk))
    each("reminder", renewals.to_remind(), lambda pk: renewals.remind(subscription_id=pk))


@shared_task
def watch_allowances() -> None:
    """Every minute: who charges and comes to the end of what is included hears of it now, not with the bill."""
    usage.watch()


@shared_task
def collect_fees() -> None:
    """The sweep behind renewals, `payment_changed` and the card page."""
    each("fee", collecting.waiting(), lambda pk: collecting.go_on(fee_id=pk))
    each("invoice of fee", fees.undocumented(), lambda pk: fees.document(collecting.read(pk)))


@shared_task
def climb_ladders() -> None:
    """What is owed and due; first what was refused, or is overdue, and has no case yet."""
    chasing.watch(chasing.unwatched())
    each("overdue invoice", chasing.overdue(), lambda pk: chasing.remind(invoice_id=pk))
    each("dunning", dunning.due(), lambda pk: chasing.advance(case_id=pk))


@shared_task
def watch_payments(ids: Sequence[int]) -> None:
    """Behind `payment_changed`."""
    chasing.watch(list(ids))


@shared_task
def retry_debts(method_ids: Sequence[int]) -> None:
    """Behind `payment_method_saved`."""
    each("debts with card", method_ids, lambda pk: chasing.with_new_card(method_id=pk))


@shared_task(autoretry_for=(Unavailable,), retry_backoff=30, retry_backoff_max=600, max_retries=5)
def mail_event(event_id: int) -> None:
    letters.tell_event(event_id=event_id)


@shared_task(autoretry_for=(Unavailable,), retry_backoff=30, retry_backoff_max=600, max_retries=5)
def mail_step(step_id: int) -> None:
    letters.tell_step(step_id=step_id)


@shared_task
def mail_plan_news() -> None:
    """The sweep behind both: each in a task of its own, so that one address that fails holds up no other."""
    for pk in letters.events():
        mail_event.delay(pk)
    for pk in letters.steps():
        mail_step.delay(pk)


@shared_task
def tell_subscribers(ids: Sequence[int]) -> None:
    """Behind `subscription_changed`."""
    fresh = SubscriptionEvent.objects.filter(pk__in=letters.events(), subscription__in=ids)
    for pk in fresh.values_list("pk", flat=True):
        mail_event.delay(pk)


@shared_task
def tell_debtors(ids: Sequence[int]) -> None:
    """Behind `dunning_changed`."""
    fresh = DunningStep.objects.filter(pk__in=letters.steps(), case__in=ids)
    for pk in fresh.values_list("pk", flat=True):
        mail_step.delay(pk)
