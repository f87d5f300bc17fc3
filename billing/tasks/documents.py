"""What documents need by themselves: files for the SdI, copies for customers, corrispettivi after midnight."""

import logging
from collections.abc import Sequence

from celery import shared_task

from accounts.models import Operator
from billing.services.invoicing import document_mails, einvoices, takings
from cms.core.errors import Unavailable

logger = logging.getLogger(__name__)


@shared_task
def make_einvoices(ids: Sequence[int]) -> int:
    """Behind `invoice_issued`."""
    return einvoices.make_many(ids)


@shared_task
def make_missing_einvoices() -> int:
    """The sweep behind it; it also finds documents whose customer's data have been completed."""
    made, after = 0, 0
    while ids := einvoices.missing(after=after):
        made += einvoices.make_many(ids)
        after = ids[-1]
    return made


@shared_task
def mail_documents(ids: Sequence[int]) -> None:
    """Behind `invoice_issued` as well."""
    for pk in ids:
        try:
            document_mails.send(invoice_id=pk)
        except Unavailable:
            logger.warning("mail server away invoice=%s", pk)


@shared_task
def mail_missing_documents() -> None:
    """The sweep behind it."""
    mail_documents(document_mails.missing())


@shared_task
def record_takings() -> int:
    """Every night, after the midnight of the operators' days; and once more for what was late."""
    written = 0
    for operator in Operator.objects.filter(country_code="IT").order_by("pk"):
        try:
            written += takings.record(operator=operator)
        except Exception:
            logger.exception("takings not recorded operator=%s", operator.slug)
    return written
