"""What this room does in the background."""

from celery import shared_task

from accounts.notifications import once
from accounts.services import invitations
from cms.core.errors import Unavailable


@shared_task(autoretry_for=(Unavailable,), retry_backoff=30, max_retries=5)
def mail_invitation(membership_id: int) -> None:
    invitations.mail(membership_id=membership_id)


@shared_task
def mail_missing_invitations() -> None:
    """The sweep behind `member_invited`."""
    for membership_id in invitations.missing():
        mail_invitation.delay(membership_id)


@shared_task
def forget_old_mails() -> None:
    once.forget_old()
