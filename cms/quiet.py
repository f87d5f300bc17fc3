"""While a past is made up or taken over, nobody is told: no mails about charges of last month, no pushes, no tasks, no totals on
displays."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from django.conf import settings
from django.dispatch import Signal

import accounts.signals
import billing.signals
import sessions_app.signals
import stations.signals

ROOMS: tuple[ModuleType, ...] = (accounts.signals, stations.signals, sessions_app.signals, billing.signals)


@contextmanager
def announcements() -> Iterator[None]:
    """Within, the rooms' signals have no listeners, stations are shown no totals, nobody asks who pays, and the log keeps to warnings. What is
    announced `on_commit` must be committed within, too. All of it is the whole process's: for a command, not for a server."""
    signals = [signal for room in ROOMS for signal in vars(room).values() if isinstance(signal, Signal)]
    listeners = [signal.receivers for signal in signals]
    pricer, credit = settings.SESSION_PRICER, settings.CREDIT_CHECK
    _set(signals, [[] for _ in signals])
    settings.SESSION_PRICER = settings.CREDIT_CHECK = ""
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        settings.SESSION_PRICER, settings.CREDIT_CHECK = pricer, credit
        _set(signals, listeners)


def _set(signals: list[Signal], listeners: list[list[Any]]) -> None:
    for signal, receivers in zip(signals, listeners, strict=True):
        with signal.lock:
            signal.receivers = receivers
            signal.sender_receivers_cache.clear()
