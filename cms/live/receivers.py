"""The rooms' signals → topics that moved. A receiver only notes primary keys; one small thread per process pushes them,
at most once a second per topic. Redis away: the pushes are dropped, pages poll. Nothing here can slow or fail a station."""

import asyncio
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection
from typing import Any

import redis
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import DatabaseError, close_old_connections

from billing import signals as billing_signals
from cms.live import audience, moves, topics
from sessions_app import signals as session_signals
from stations import signals as station_signals

logger = logging.getLogger(__name__)

OPERATOR_EVERY_S = 3.0  # a whole network moves all the time; its counters need not


class Pusher:
    """`mark` is called by the rooms' threads, `flush` by the pushing thread (or a test). `audience` gives the groups that
    anybody listens to, None for all."""

    def __init__(
        self,
        send: Callable[[set[str]], None],
        every: float,
        audience: Callable[[], set[str] | None] = lambda: None,
    ) -> None:
        self._send, self._every, self._audience = send, every, audience
        self._lock, self._wake = threading.Lock(), threading.Event()
        self._moved: dict[str, set[int]] = defaultdict(set)
        self._held: set[str] = set()  # operator topics that wait for their slower beat
        self._operators_at = 0.0
        self._thread: threading.Thread | None = None

    def mark(self, kind: str, ids: Collection[int]) -> None:
        with self._lock:
            self._moved[kind].update(ids)
        self._wake.set()
        if self._every and (self._thread is None or not self._thread.is_alive()):
            self._start()

    def flush(self, now: float) -> set[str]:
        """Pushes what moved since the last time. Returns the topics."""
        with self._lock:
            moved, self._moved = self._moved, defaultdict(set)
        listening = self._audience()
        if listening is not None and not listening:
            self._held.clear()
            return set()
        self._held |= moves.topics_of(moved) if moved else set()
        late = now - self._operators_at < OPERATOR_EVERY_S
        due = {topic for topic in self._held if not (late and topic.startswith("operator:"))}
        if any(topic.startswith("operator:") for topic in due):
            self._operators_at = now
        self._held -= due
        if listening is not None:
            due = {topic for topic in due if topics.group(topic) in listening}
        if due:
            self._send(due)
        return due

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="live-push", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            self._wake.wait(None if not self._held else self._every)
            self._wake.clear()
            try:
                self.flush(time.monotonic())
            except DatabaseError:
                logger.warning("live push skipped: the database does not answer")
            except Exception:
                logger.exception("live push failed")
            finally:
                close_old_connections()
            time.sleep(self._every)


class LayerSender:
    """Sends topics to their groups from a thread of its own; says once when the layer is away, once when it is back."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._away = False

    def __call__(self, moved: set[str]) -> None:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        try:
            self._loop.run_until_complete(self._all(moved))
        except (OSError, redis.RedisError) as away:
            self._note(away)
        else:
            if self._away:
                logger.info("live layer is back")
            self._away = False

    async def _all(self, moved: set[str]) -> None:
        layer = get_channel_layer()
        for topic in moved:
            await layer.group_send(topics.group(topic), {"type": "topic.moved", "topic": topic})

    def _note(self, away: Exception) -> None:
        if not self._away:
            logger.warning("live layer is away, pages poll: %s", away)
        self._away = True


pusher = Pusher(LayerSender(), settings.LIVE_EVERY_S, audience.groups)


def _ids(kind: str) -> Callable[..., None]:
    def receive(*, ids: Collection[int], **_: Any) -> None:
        pusher.mark(kind, ids)

    return receive


def _command(*, id: int, station: int, **_: Any) -> None:
    pusher.mark("command", (id,))
    pusher.mark("station", (station,))


def _job(*, station: int, **_: Any) -> None:
    pusher.mark("station", (station,))


def _fault(*, stations: Collection[int], **_: Any) -> None:
    pusher.mark("station", stations)


_RECEIVERS = (
    (station_signals.stations_changed, _ids("station")),
    (station_signals.stations_booted, _ids("station")),
    (station_signals.frames_seen, _ids("frames")),
    (station_signals.command_changed, _command),
    (station_signals.job_changed, _job),
    (station_signals.fault_changed, _fault),
    (session_signals.session_started, _ids("session")),
    (session_signals.session_updated, _ids("session")),
    (session_signals.session_ended, _ids("session")),
    (billing_signals.cdr_created, _ids("cdr")),
    (billing_signals.invoice_issued, _ids("invoice")),
    (billing_signals.export_ended, _ids("export")),
)


def connect() -> None:
    """Once per process, from cms.apps."""
    for signal, receiver in _RECEIVERS:
        signal.connect(receiver, dispatch_uid=f"cms.live {id(signal)}", weak=False)
