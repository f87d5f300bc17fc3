"""Files that people asked for, and what the end of a month needs."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from accounts.models import Operator
from billing.models import HostStatement
from billing.services.month_end import close, exports, guests, statements, writing
from cms.core.errors import Unavailable

logger = logging.getLogger(__name__)


@shared_task
def run_export(pk: int) -> None:
    """Behind `export_asked`."""
    try:
        writing.run(pk)
    except Exception:
        logger.exception("export failed export=%s", pk)
        writing.failed(export_id=pk)


@shared_task(autoretry_for=(Unavailable,), retry_backoff=30, max_retries=5)
def tell_export_ended(ids: Sequence[int]) -> None:
    """Behind `export_ended`. A lost one is no loss: the file waits on the page of jobs."""
    for pk in ids:
        exports.tell(export_id=pk)


@shared_task
def resume_exports() -> None:
    """The sweep behind it."""
    for pk in writing.resume():
        run_export(pk)


@shared_task
def expire_exports() -> int:
    return exports.expire()


@shared_task
def look_at_months() -> None:
    """Every night: what the page of the month's end shows."""
    for operator in Operator.objects.order_by("pk"):
        try:
            close.look_at_all(operator=operator)
        except Exception:
            logger.exception("months not looked at operator=%s", operator.slug)


@shared_task
def mail_host_statements(ids: Sequence[int]) -> None:
    """Behind `host_statement_issued`. Each goes out once, whoever asks."""
    for pk in ids:
        try:
            statements.mail(statement_id=pk)
        except Unavailable:
            logger.warning("mail server away statement=%s", pk)


@shared_task(autoretry_for=(Unavailable,), retry_backoff=30, max_retries=5)
def tell_host_guest(location_id: int, driver_id: int, by: str) -> None:
    """Behind `host_guests_invited`. A lost one is no loss: the guest is on the list, and signs in like anybody."""
    guests.tell(location_id=location_id, driver_id=driver_id, by=by)


@shared_task
def mail_missing_statements() -> None:
    """The sweep behind it."""
    since = timezone.now() - timedelta(days=3)
    mail_host_statements(list(HostStatement.objects.filter(created_at__gte=since).values_list("pk", flat=True)))
