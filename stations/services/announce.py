"""Tells the rooms above what changed, once the change is committed. A listener that fails is logged, never our problem."""

from collections.abc import Collection
from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import Signal

from stations import signals


def stations(ids: Collection[int]) -> None:
    """Presence, status or identity changed."""
    _later(signals.stations_changed, ids, ids=sorted(set(ids)))


def booted(ids: Collection[int]) -> None:
    _later(signals.stations_booted, ids, ids=sorted(set(ids)))


def frames(ids: Collection[int]) -> None:
    _later(signals.frames_seen, ids, ids=sorted(set(ids)))


def command(*, id: int, station_id: int) -> None:
    _later(signals.command_changed, (id,), id=id, station=station_id)


def job(*, station_id: int) -> None:
    _later(signals.job_changed, (station_id,), station=station_id)


def faults(*, ids: Collection[int], stations: Collection[int]) -> None:
    _later(signals.fault_changed, ids, ids=sorted(set(ids)), stations=sorted(set(stations)))


def _later(signal: Signal, what: Collection[int], **facts: Any) -> None:
    if what:
        transaction.on_commit(partial(signal.send_robust, sender=None, **facts), robust=True)
