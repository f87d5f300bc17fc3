"""While a past is made up, nobody is told: no mails about charges of last month, no pushes, no tasks, no totals on displays."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from django.conf import settings
from django.dispatch import Signal

import billing.signals
import sessions_app.signals
import stations.signals

ROOMS: tuple[ModuleType, ...] = (stations.signals, sessions_app.signals, billing.signals)


@contextmanager
def announcements() -> Iterator[None]:
    """Within, the rooms' signals have no listeners and stations are shown no totals. What is announced `on_commit` must be
    committed within, too. For a process of its own: the signals and the setting are the whole process's."""
    signals = [signal for room in ROOMS for signal in vars(room).values() if isinstance(signal, Signal)]
    listeners = [signal.receivers for signal in signals]
    pricer = settings.SESSION_PRICER
    _set(signals, [[] for _ in signals])
    settings.SESSION_PRICER = ""
    try:
        yield
    finally:
        settings.SESSION_PRICER = pricer
        _set(signals, listeners)


def _set(signals: list[Signal], listeners: list[list[Any]]) -> None:
    for signal, receivers in zip(signals, listeners, strict=True):
        with signal.lock:
            signal.receivers = receivers
            signal.sender_receivers_cache.clear()
