"""Keeps the roll-ups: the last hours often, the last days at night, because stations replay what they queued offline."""

from datetime import datetime, timedelta

from celery import shared_task
from django.db.models import Min, Q
from django.utils import timezone

from billing.models import CDR
from sessions_app.models import ChargingSession

from . import rollup

LATELY = timedelta(days=2)  # two nights, so that one may be missed
OLDEST = timedelta(days=400)  # a year and its month before are the most that a report shows


@shared_task
def roll_up_recent() -> None:
    now = timezone.now()
    rollup.hourly(since=now - timedelta(hours=3), until=now)
    rollup.revenue(since=timezone.localdate(now) - timedelta(days=1), until=timezone.localdate(now) + timedelta(days=1))


@shared_task
def roll_up_days(days: int = 7) -> None:
    now = timezone.now()
    rollup.hourly(since=now - timedelta(days=days), until=now)
    rollup.revenue(since=timezone.localdate(now) - timedelta(days=days), until=timezone.localdate(now))
    _roll_up_late(before=now - timedelta(days=days))


def _roll_up_late(before: datetime) -> None:
    """The days before `before` that something was priced or told for lately: a replay after weeks offline, a credit and its new CDR,
    the history of another system."""
    lately = Q(created_at__gte=timezone.now() - LATELY, started_at__lt=before, started_at__gte=before - OLDEST)
    priced, told = CDR.objects.filter(lately), ChargingSession.objects.filter(lately)
    began = [found.aggregate(first=Min("started_at"))["first"] for found in (priced, told)]
    if first := min(filter(None, began), default=None):
        stations = {*priced.values_list("session__station", flat=True), *told.values_list("station", flat=True)}
        rollup.hourly(since=first, until=before, stations=stations)
        rollup.revenue(since=timezone.localdate(first), until=timezone.localdate(before))
