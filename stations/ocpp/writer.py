"""The only crossing from sockets to rows: a queue, one thread, one transaction per batch. What a station is told was committed.

Whoever has an event submits it and awaits the future. The thread takes all that waits, lets the central system handle it, encodes
the replies, journals the frames, commits, and only then releases the futures, all by one `call_soon_threadsafe`.

Failure: without the database the whole batch is tried again for about 3.6 s and then refused (stations send again); any other
error is narrowed down by halves, so that one poison event is refused alone.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction

from stations.vocabulary.central_system import CentralSystem
from stations.vocabulary.events import FramesSeen
from stations.vocabulary.replies import Failed, Reply
from stations.vocabulary.values import Frame

from . import announcer

logger = logging.getLogger(__name__)

LARGEST_BATCH = 500
LONGEST_QUEUE = 20_000
PAUSES_S = (0, 0.1, 0.5, 1, 2)

Finish = Callable[[Reply | None], tuple[Any, Frame | None]]
"""Reply → what the submitter gets, and the journal's line. Runs in the writer's thread, inside the transaction."""

GOOD_BYE_S = 5

OUT_OF_ORDER = Failed("InternalError", "We cannot store this now; please send it again")


class Job:
    __slots__ = ("event", "finish", "future")

    def __init__(self, event: Any, finish: Finish, future: "asyncio.Future[Any]") -> None:
        self.event = event
        self.finish = finish
        self.future = future


def just_the_reply(reply: Reply | None) -> tuple[Any, None]:
    return reply, None


class Writer:
    """`start` and `submit` belong to the event loop, the rest to the thread."""

    def __init__(self, csms: CentralSystem, pauses: Sequence[float] = PAUSES_S) -> None:
        self.csms = csms
        self.pauses = pauses
        self.database_answers = True
        self._gathered: list[Job] = []
        self._queue: queue.SimpleQueue[list[Job]] = queue.SimpleQueue()  # an empty list wakes the thread at the end
        self._submitted = self._taken = 0
        self._stopping = threading.Event()
        self._announcer = announcer.Announcer()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self.loop: asyncio.AbstractEventLoop

    def start(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._announcer.start()
        self._thread.start()

    def submit(self, event: Any, finish: Finish = just_the_reply, *, must: bool = False) -> "asyncio.Future[Any]":
        """The future gives what `finish` makes of the reply, after COMMIT. `event` may be None: then there is only a frame to
        journal. A full queue refuses at once, except what `must` be said."""
        future: asyncio.Future[Any] = self.loop.create_future()
        if self._stopping.is_set() or (self.waiting >= LONGEST_QUEUE and not must):
            future.set_result(finish(OUT_OF_ORDER)[0])
            return future
        if not self._gathered:
            self.loop.call_soon(self._hand_over)  # one wake-up of the thread for all that came in this turn of the loop
        self._gathered.append(Job(event, finish, future))
        self._submitted += 1
        return future

    @property
    def waiting(self) -> int:
        return self._submitted - self._taken

    def _hand_over(self) -> None:
        jobs, self._gathered = self._gathered, []
        self._queue.put(jobs)

    def stop(self, timeout: float | None = 30) -> None:
        """Handles all that waits, closes the thread's database connection, returns."""
        self._stopping.set()
        self._hand_over()
        self._queue.put([])
        if self._thread.is_alive():
            self._thread.join(timeout)
            self._announcer.stop(GOOD_BYE_S)

    def health(self) -> dict[str, Any]:
        return {
            "alive": self._thread.is_alive(),
            "database": self.database_answers,
            "waiting": self.waiting,
        }

    # ---- the thread -------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while jobs := self._take():
                try:
                    self.settle(jobs)
                except Exception:
                    logger.exception("The writer met a bug; up to %d events are left without an answer", len(jobs))
                    self._release([(job, None) for job in jobs])
        finally:
            connection.close()

    def _take(self) -> list[Job]:
        """All that waits, at least one; empty at the end."""
        if self._stopping.is_set() and self._queue.empty():
            return []
        jobs = self._queue.get()
        while not self._queue.empty() and len(jobs) < LARGEST_BATCH:
            jobs = jobs + self._queue.get()
        self._taken += len(jobs)
        return jobs

    def settle(self, jobs: Sequence[Job], again: bool = True) -> None:
        """Handles the jobs and releases their futures, whatever happens."""
        try:
            self._persist(jobs)
        except (OperationalError, InterfaceError):
            self._release([(job, job.finish(OUT_OF_ORDER)[0]) for job in jobs])
        except Exception as error:  # noqa: BLE001 (a single event's is logged)
            if len(jobs) > 1:
                middle = len(jobs) // 2
                self.settle(jobs[:middle])
                self.settle(jobs[middle:])
            elif again and isinstance(error, IntegrityError):  # another gateway was first: look again
                self.settle(jobs, again=False)
            else:
                self._poison(jobs[0], error)

    def _persist(self, jobs: Sequence[Job]) -> None:
        """Commits, trying again while the database is away. Raises its last error."""
        for attempt, pause in enumerate(self.pauses, 1):
            self._stopping.wait(pause)
            try:
                self._commit(jobs)
            except (OperationalError, InterfaceError) as error:
                self._lost(error)
                if attempt == len(self.pauses):
                    raise
            else:
                return

    def _commit(self, jobs: Sequence[Job]) -> None:
        with transaction.atomic():
            results = self._handle(jobs)
            announcements = announcer.taken()
        self._found()
        self._release(results)
        self._announcer.put(announcements)

    def _handle(self, jobs: Sequence[Job]) -> list[tuple[Job, Any]]:
        replies = iter(self.csms.handle([job.event for job in jobs if job.event is not None]))
        results = []
        frames = []
        for job in jobs:
            result, frame = job.finish(next(replies) if job.event is not None else None)
            results.append((job, result))
            if frame is not None:
                frames.append(frame)
        if frames:
            self.csms.handle([FramesSeen(tuple(frames))])
        return results

    def _poison(self, job: Job, error: Exception) -> None:
        """One event that cannot be handled: refused, its frame journalled all the same."""
        failed = self.csms.failed(error)
        if failed is None:
            logger.error("Cannot handle %r", job.event, exc_info=error)
            failed = Failed("InternalError", "")
        result: Any = None
        frame: Frame | None = None
        try:
            result, frame = job.finish(failed)
        except Exception:
            logger.exception("Cannot even refuse %r", job.event)
        if frame is not None and job.event is not None:
            try:
                with transaction.atomic():
                    self.csms.handle([FramesSeen((frame,))])
                    announcements = announcer.taken()
                self._announcer.put(announcements)
            except Exception:
                logger.exception("Cannot journal the frame of a refused event")
        self._release([(job, result)])

    def _lost(self, error: Exception) -> None:
        if self.database_answers:
            logger.error("The database does not answer: %s", error)
        self.database_answers = False
        connection.close()

    def _found(self) -> None:
        if not self.database_answers:
            logger.warning("The database answers again")
        self.database_answers = True

    def _release(self, results: Sequence[tuple[Job, Any]]) -> None:
        try:
            self.loop.call_soon_threadsafe(_resolve, results)
        except RuntimeError:  # the loop has closed; nobody waits any more
            logger.debug("%d answers found nobody waiting", len(results))


def _resolve(results: Sequence[tuple[Job, Any]]) -> None:
    for job, result in results:
        if not job.future.done():
            job.future.set_result(result)
