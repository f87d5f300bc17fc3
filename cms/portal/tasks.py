"""What the portal does behind the pages."""

from celery import shared_task

from cms.core.errors import Unavailable
from cms.portal import mails


@shared_task(autoretry_for=(Unavailable,), retry_backoff=30, retry_backoff_max=600, max_retries=5)
def mail_receipt(cdr_id: int) -> None:
    mails.receipt(cdr_id=cdr_id)


@shared_task(autoretry_for=(Unavailable,), retry_backoff=30, retry_backoff_max=600, max_retries=5)
def mail_asked_receipt(charge_id: int) -> None:
    mails.asked(charge_id=charge_id)


@shared_task
def mail_missing_receipts() -> None:
    """The sweep: each in a task of its own, so that one address that fails holds up no other."""
    for cdr_id in mails.missing():
        mail_receipt.delay(cdr_id)
