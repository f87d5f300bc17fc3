"""Which charges without an account have something to do, whoever noticed it; and tokens that are of no more use."""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import Token
from billing.models import AdhocCharge, Payment
from billing.services.cards.adhoc import FAILED, HELD, TOKEN_LIVES
from sessions_app.models import StartRequest


def paid_with(payments: Iterable[int]) -> list[int]:
    """Which charges an announcement of the payment provider is about."""
    return list(AdhocCharge.objects.filter(payment__in=list(payments)).order_by("pk").values_list("pk", flat=True))


def answered(command_id: int) -> list[int]:
    """Which charges a station has just said no to."""
    refused = AdhocCharge.objects.filter(start__command=command_id, start__command__status__in=FAILED)
    return list(refused.filter(status=AdhocCharge.Status.STARTED).values_list("pk", flat=True))


def due(limit: int = 500) -> list[int]:
    """The sweep: whatever is under way and could be further, and what was dropped with the money still held."""
    late = timezone.now() - timedelta(minutes=1)
    stuck = Q(status=AdhocCharge.Status.PAYING, updated_at__lt=late)
    answered = Q(start__status__in=(StartRequest.Status.REFUSED, StartRequest.Status.EXPIRED)) | Q(
        start__command__status__in=FAILED
    )
    failed = Q(answered, status=AdhocCharge.Status.STARTED, start__session=None)
    unlinked = Q(
        status=AdhocCharge.Status.STARTED, start__session__isnull=False, payment__isnull=False, payment__session=None
    )
    open_ones = AdhocCharge.objects.under_way().filter(stuck | failed | unlinked).values_list("pk", flat=True)
    held = Payment.objects.filter(purpose=Payment.Purpose.ADHOC, status__in=HELD)
    dropped = held.filter(adhoc_charges__status=AdhocCharge.Status.DROPPED)
    kept = dropped.values_list("adhoc_charges", flat=True)
    return sorted({*open_ones.order_by("pk")[:limit], *kept.order_by("pk")[:limit]})


def forget_tokens(limit: int = 5000) -> int:
    """A token made for one charge is of no more use: what it started keeps its text. Returns how many went."""
    long_ago = timezone.now() - TOKEN_LIVES
    over = AdhocCharge.objects.filter(token__expires_at__lt=long_ago).order_by("pk").values_list("token", flat=True)
    gone, _by_model = Token.objects.filter(pk__in=list(over[:limit])).delete()
    return gone
