"""Carries out what batches announced (`transaction.on_commit`), in a thread of its own: no station waits for a broker.

With Redis away an enqueue takes seconds. Behind every announcement stands a sweep, so when too much waits it is dropped.
"""

import logging
import queue
import threading
from collections.abc import Callable, Sequence

from django.db import connection

logger = logging.getLogger(__name__)

LONGEST_QUEUE = 2_000  # batches

Announcement = Callable[[], object]


class Announcer:
    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Sequence[Announcement] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="announcer", daemon=True)
        self._dropping = False

    def start(self) -> None:
        self._thread.start()

    def put(self, announcements: Sequence[Announcement]) -> None:
        full = self._queue.qsize() >= LONGEST_QUEUE
        if full and not self._dropping:
            logger.error("Announcements are dropped; the sweeps will find the work")
        self._dropping = full
        if announcements and not full:
            self._queue.put(announcements)

    def stop(self, timeout: float) -> None:
        """Waits for what is announced already, but no longer than `timeout` seconds."""
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        try:
            while (announcements := self._queue.get()) is not None:
                for announce in announcements:
                    try:
                        announce()
                    except Exception:
                        logger.exception("An announcement failed")
        finally:
            connection.close()


def taken() -> Sequence[Announcement]:
    """What was announced in the transaction that is open here; Django will not carry it out any more."""
    found = [hook[1] for hook in connection.run_on_commit]
    connection.run_on_commit = []
    return found
