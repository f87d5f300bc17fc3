"""A mail about one thing goes out once, whoever asks for it and however often."""

from collections.abc import Callable
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import SentMail

GIVEN_UP = timedelta(minutes=10)  # a claim this old belongs to a process that was killed
KEPT = timedelta(days=90)  # much longer than anything looks back for mails that are still to be sent


def send(*, key: str, to: str, deliver: Callable[[], None]) -> bool:
    """Calls `deliver` unless a mail with this key was sent or is being sent. Returns whether this call sent it.

    What `deliver` raises is passed on, and the next call may try again. Only a power cut between the mail server's answer
    and our note can send twice.
    """
    now = timezone.now()
    SentMail.objects.bulk_create([SentMail(key=key, recipient=to)], ignore_conflicts=True)
    mine = SentMail.objects.filter(key=key, sent_at=None)
    if not mine.filter(Q(claimed_at=None) | Q(claimed_at__lt=now - GIVEN_UP)).update(claimed_at=now):
        return False
    try:
        deliver()
    except BaseException:
        mine.filter(claimed_at=now).update(claimed_at=None)
        raise
    mine.update(sent_at=timezone.now())
    return True


def sent(*, key: str) -> SentMail | None:
    return SentMail.objects.filter(key=key, sent_at__isnull=False).first()


def forget_old() -> int:
    """Retention: addresses do not stay longer than they are of use. Returns how many were forgotten."""
    gone, _by_model = SentMail.objects.filter(sent_at__lt=timezone.now() - KEPT).delete()
    return gone
