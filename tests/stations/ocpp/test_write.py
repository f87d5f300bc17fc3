"""The writer's thread on a real database: what is acknowledged is committed, one bad event spoils nobody else's."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import pytest_asyncio
from django.db import DataError, IntegrityError, OperationalError, connection, transaction

from accounts.models import Operator
from cms.core.errors import Conflict, DomainError
from stations.ocpp import writer as module
from stations.ocpp.announcer import Announcer
from stations.ocpp.writer import Writer
from stations.vocabulary.central_system import CentralSystem
from stations.vocabulary.events import FramesSeen
from stations.vocabulary.replies import DONE, Failed
from stations.vocabulary.values import Frame

from .world import NOW

pytestmark = pytest.mark.django_db(transaction=True)


class Note(str):
    """An event whose handler stores it as an operator."""


class Books(CentralSystem):
    """Stores notes; a note that starts with an error's name raises it, `failures` raises once per entry and batch."""

    errors = {"data": DataError, "bug": ZeroDivisionError, "conflict": Conflict, "twice": IntegrityError}

    def __init__(self) -> None:
        super().__init__({Note: self.note, FramesSeen: self.seen}, {DomainError: "GenericError"})
        self.batches: list[list[str]] = []
        self.journal: list[Frame] = []
        self.failures: list[Exception] = []
        self.at_commit: Callable[[], None] | None = None
        self.may_work = threading.Event()
        self.may_work.set()

    def note(self, notes: Sequence[Note]) -> list[Any]:
        self.may_work.wait(5)
        self.batches.append(list(notes))
        if self.failures:
            raise self.failures.pop(0)
        Operator.objects.bulk_create(Operator(slug=note, name=note, party_id=note[:3].upper()) for note in notes)
        for note in notes:
            if error := self.errors.get(note.split()[0]):
                raise error(note)
        if self.at_commit:
            transaction.on_commit(self.at_commit)
        return [f"re: {note}" for note in notes]

    def seen(self, told: Sequence[FramesSeen]) -> list[Any]:
        self.journal.extend(frame for event in told for frame in event.frames)
        return [DONE] * len(told)


@pytest.fixture
def books() -> Books:
    return Books()


@pytest_asyncio.fixture
async def writer(books):
    writer = Writer(books, pauses=(0, 0.01, 0.02))
    writer.start()
    yield writer
    await asyncio.to_thread(writer.stop)


def frame(text: str) -> Frame:
    return Frame(1, 1, NOW, False, 2, text, "Note", text)


def answer(note: str) -> Callable[[Any], tuple[Any, Frame]]:
    return lambda reply: (reply, frame(note)._replace(answer=str(reply)))


async def tell(writer: Writer, books: Books, *notes: str) -> list[Any]:
    """All in one batch."""
    books.may_work.clear()
    first = writer.submit(Note("first"), answer("first"))
    while writer.waiting:
        await asyncio.sleep(0.001)
    futures = [writer.submit(Note(note), answer(note)) for note in notes]
    books.may_work.set()
    await first
    return await asyncio.gather(*futures)


def stored() -> set[str]:
    return set(Operator.objects.values_list("slug", flat=True)) - {"first"}


async def read(ask: Callable[[], Any]) -> Any:
    def asked() -> Any:
        try:
            return ask()
        finally:
            connection.close()

    return await asyncio.to_thread(asked)


async def test_a_batch_is_one_transaction_and_each_gets_its_own_reply(writer, books):
    replies = await tell(writer, books, "a", "b", "c")
    assert replies == ["re: a", "re: b", "re: c"]
    assert books.batches == [["first"], ["a", "b", "c"]]
    assert await read(stored) == {"a", "b", "c"}
    assert [(line.raw, line.answer) for line in books.journal[1:]] == [("a", "re: a"), ("b", "re: b"), ("c", "re: c")]


async def test_nobody_is_answered_before_the_commit(writer, books):
    seen: list[set[str]] = []
    future = writer.submit(Note("a"), answer("a"))
    future.add_done_callback(lambda _: None)
    assert await future == "re: a"
    seen.append(await read(stored))
    assert seen == [{"a"}]


@pytest.mark.parametrize(
    ("poison", "told"),
    [
        ("data", Failed("InternalError", "")),
        ("bug", Failed("InternalError", "")),
        ("conflict", Failed("GenericError", "conflict")),
        ("twice", Failed("InternalError", "")),
    ],
)
async def test_one_poison_event_is_refused_alone_and_its_frame_kept(writer, books, poison, told):
    replies = await tell(writer, books, "a", "b", poison, "c", "d")
    assert replies == ["re: a", "re: b", told, "re: c", "re: d"]
    assert await read(stored) == {"a", "b", "c", "d"}
    kept = [line for line in books.journal if line.raw == poison]
    assert kept[-1].answer == str(told)


async def test_an_integrity_error_is_looked_at_once_more(writer, books):
    books.failures = [IntegrityError("another gateway was first")]
    assert await writer.submit(Note("a"), answer("a")) == "re: a"
    assert books.batches == [["a"], ["a"]]


async def test_a_database_that_comes_back_in_time_is_not_noticed(writer, books, caplog):
    books.failures = [OperationalError("gone"), OperationalError("gone")]
    assert await writer.submit(Note("a"), answer("a")) == "re: a"
    assert len(books.batches) == 3
    assert [record.getMessage() for record in caplog.records] == [
        "The database does not answer: gone",
        "The database answers again",
    ]
    assert writer.health() == {"alive": True, "database": True, "waiting": 0}


async def test_a_database_that_stays_away_refuses_the_batch_and_says_so(writer, books):
    books.failures = [OperationalError("gone")] * 3
    assert await writer.submit(Note("a"), answer("a")) == module.OUT_OF_ORDER
    assert writer.health()["database"] is False
    assert await read(stored) == set()
    assert await writer.submit(Note("b"), answer("b")) == "re: b"
    assert writer.health()["database"] is True


async def test_a_failing_announcement_undoes_nothing_and_repeats_nothing(writer, books, caplog):
    books.at_commit = lambda: 1 / 0
    assert await writer.submit(Note("a"), answer("a")) == "re: a"
    books.at_commit = None
    assert await writer.submit(Note("b"), answer("b")) == "re: b"
    await asyncio.to_thread(writer.stop)
    assert books.batches == [["a"], ["b"]]
    assert await read(stored) == {"a", "b"}
    assert "An announcement failed" in caplog.text


async def test_no_station_waits_for_an_announcement(writer, books):
    broker_is_back = threading.Event()
    heard: list[str] = []
    books.at_commit = lambda: heard.append("x") if broker_is_back.wait(5) else None
    assert await writer.submit(Note("a"), answer("a")) == "re: a"
    assert await writer.submit(Note("b"), answer("b")) == "re: b"
    assert heard == []
    broker_is_back.set()
    await asyncio.to_thread(writer.stop)
    assert heard == ["x", "x"]


async def test_what_a_refused_event_announced_is_not_carried_out(writer, books):
    heard: list[str] = []

    def announce_and_fail(reply: Any) -> tuple[Any, Frame]:
        transaction.on_commit(lambda: heard.append("never")) if not isinstance(reply, Failed) else None
        if isinstance(reply, Failed):
            return reply, frame("x")
        raise TypeError

    assert await writer.submit(Note("a"), announce_and_fail) == Failed("InternalError", "")
    await asyncio.to_thread(writer.stop)
    assert heard == []


async def test_too_many_announcements_are_dropped_and_told_once(monkeypatch, caplog):
    monkeypatch.setattr("stations.ocpp.announcer.LONGEST_QUEUE", 1)
    announcer = Announcer()
    for _ in range(3):
        announcer.put([lambda: None])
    assert caplog.text.count("Announcements are dropped") == 1


async def test_an_answer_that_cannot_be_written_undoes_its_event_alone(writer, books):
    def broken(reply: Any) -> tuple[Any, Frame]:
        if isinstance(reply, Failed):
            return reply, frame("x")
        raise TypeError("no such member")

    other = writer.submit(Note("a"), answer("a"))
    assert await writer.submit(Note("b"), broken) == Failed("InternalError", "")
    assert await other == "re: a"
    assert await read(stored) == {"a"}


async def test_the_thread_outlives_every_bug(writer, books, caplog):
    def hopeless(reply: Any) -> tuple[Any, Frame]:
        raise TypeError("never")

    hopeless_one, other = writer.submit(Note("a"), hopeless), writer.submit(Note("b"), answer("b"))
    assert await hopeless_one is None
    assert await other == "re: b"
    assert "Cannot even refuse" in caplog.text


async def test_the_thread_outlives_a_bug_of_its_own(writer, books, caplog, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(writer, "settle", lambda jobs: 1 / 0)
        assert await writer.submit(Note("a"), answer("a")) is None
    assert await writer.submit(Note("b"), answer("b")) == "re: b"
    assert "The writer met a bug" in caplog.text


async def test_a_frame_without_an_event_is_journalled(writer, books):
    assert await writer.submit(None, lambda reply: ("text", frame("alone"))) == "text"
    assert [line.raw for line in books.journal] == ["alone"]


async def test_stop_handles_all_that_waits_and_refuses_what_comes_later(books):
    writer = Writer(books)
    writer.start()
    books.may_work.clear()
    futures = [writer.submit(Note(name), answer(name)) for name in "abc"]
    stopping = asyncio.create_task(asyncio.to_thread(writer.stop))
    await asyncio.sleep(0.01)
    late = await writer.submit(Note("z"), answer("z"))
    books.may_work.set()
    await stopping
    assert await asyncio.gather(*futures) == ["re: a", "re: b", "re: c"]
    assert late == module.OUT_OF_ORDER
    assert await read(stored) == {"a", "b", "c"}
    assert writer.health()["alive"] is False


async def test_a_full_queue_refuses_at_once_except_what_must_be_said(writer, books, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_QUEUE", 1)
    books.may_work.clear()
    first = writer.submit(Note("a"), answer("a"))
    while writer.waiting:
        await asyncio.sleep(0.001)
    second = writer.submit(Note("b"), answer("b"))
    third = writer.submit(Note("c"), answer("c"))
    fourth = writer.submit(Note("d"), answer("d"), must=True)
    assert third.result() == module.OUT_OF_ORDER
    books.may_work.set()
    assert await asyncio.gather(first, second, fourth) == ["re: a", "re: b", "re: d"]
