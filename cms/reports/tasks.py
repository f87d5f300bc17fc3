"""Keeps the roll-ups: the last hours often, the last days at night, because stations replay what they queued offline."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from . import rollup


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
