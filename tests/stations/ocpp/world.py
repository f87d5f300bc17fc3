"""A central system for tests of the edge: remembers what it was told, answers as it is asked to, and knows no database."""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import orjson

from stations.ocpp import router
from stations.ocpp.call import Line
from stations.ocpp.gateway import Gateway
from stations.ocpp.outbox import Outbox
from stations.ocpp.schemas import Schemas
from stations.ocpp.versions import VERSIONS
from stations.ocpp.writer import Finish, Job, just_the_reply
from stations.vocabulary import commands, events, replies
from stations.vocabulary.central_system import CentralSystem, one_by_one
from stations.vocabulary.values import Frame, StationRef

NOW = datetime(2026, 5, 1, 8, 30, 0, 120_000, tzinfo=UTC)
STATION = StationRef(7, 1, "CP-7")
ACCEPTED = replies.Authorization("Accepted", group="FLEET", expires_at=datetime(2027, 1, 1, tzinfo=UTC))
SCHEMAS = {"ocpp1.6": Schemas("v16", ""), "ocpp2.0.1": Schemas("v201", "Request")}

REPLIES: dict[type, Any] = {
    events.StationBooted: replies.BootAnswer("Accepted", NOW, 300),
    events.HeartbeatSeen: replies.HeartbeatAnswer(NOW),
    events.TokenPresented: ACCEPTED,
    events.TransactionStarted: replies.TransactionAnswer("8123", ACCEPTED),
    events.TransactionUpdated: replies.TransactionAnswer("8123", None, Decimal("1.20")),
    events.TransactionEnded: replies.TransactionAnswer("8123", ACCEPTED, Decimal("4.56")),
    events.DataTransferred: replies.DataTransferAnswer("UnknownVendorId"),
    events.OutboxOpened: replies.NOTHING_TO_SEND,
    events.OutboxesPolled: replies.WorkWaiting(frozenset()),
}
EVENTS = [
    kind
    for kind in vars(events).values()
    if isinstance(kind, type) and kind.__module__ == events.__name__ and kind.__name__[0] != "_"
]


class World(CentralSystem):
    """`known` maps identities to what a knock is answered; `errors` maps event types to what their handler raises."""

    def __init__(self) -> None:
        super().__init__({kind: one_by_one(self.answer) for kind in EVENTS})
        self.told: list[Any] = []
        self.frames: list[Frame] = []
        self.answers = dict(REPLIES)
        self.known: dict[str, Any] = {}
        self.errors: dict[type, Exception] = {}
        self.pending: deque[replies.NextCommand] = deque()
        self.epoch = 0

    def answer(self, event: Any) -> Any:
        if error := self.errors.get(type(event)):
            raise error
        if isinstance(event, events.FramesSeen):
            self.frames.extend(event.frames)
            return replies.DONE
        self.told.append(event)
        if isinstance(event, events.StationKnocked):
            return self._admit(event)
        if isinstance(event, events.OutboxOpened) and self.pending:
            return self.pending.popleft()
        return self.answers.get(type(event), replies.DONE)

    def _admit(self, knock: events.StationKnocked) -> Any:
        known = self.known.get(knock.identity, STATION if knock.identity == STATION.identity else None)
        if known is None:
            return replies.Refused(404, "unknown")
        if isinstance(known, replies.Refused | replies.Failed):
            return known
        self.epoch += 1
        return replies.Admitted(known, self.epoch)

    def all(self, kind: type) -> list[Any]:
        return [event for event in self.told if isinstance(event, kind)]

    def wants(self, *asked: commands.Command, timeout_s: float = 30) -> None:
        """Puts commands into the outbox."""
        for command in asked:
            self.pending.append(replies.NextCommand(len(self.told) * 100 + len(self.pending) + 1, command, timeout_s))


class InlineWriter:
    """Handles every job at once, in the loop, without a database."""

    def __init__(self, csms: CentralSystem) -> None:
        self.csms = csms

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def submit(self, event: Any, finish: Finish = just_the_reply, *, must: bool = False) -> "asyncio.Future[Any]":
        future = asyncio.get_running_loop().create_future()
        job = Job(event, finish, future)
        reply = self.csms.handle([event])[0] if event is not None else None
        result, frame = job.finish(reply)
        if frame:
            self.csms.handle([events.FramesSeen((frame,))])
        future.set_result(result)
        return future


def gateway_of(world: World) -> Gateway:
    gateway = Gateway(world)
    gateway.writer = InlineWriter(world)  # type: ignore[assignment]
    return gateway


def line(version: str = "ocpp1.6") -> Line:
    return Line(STATION, 3, VERSIONS[version])


NOBODY_ASKS = SimpleNamespace(waiting_for=lambda message_id: None)


class Exchange:
    """One frame on its way through the router and back."""

    def __init__(self, text: str, version: str = "ocpp1.6", world: World | None = None, outbox: Any = None) -> None:
        self.world = world or World()
        envelope = router.Envelope(line(version), text, NOW, 0, [])
        self.heard = router.read(envelope, outbox or NOBODY_ASKS)
        reply = self.world.handle([self.heard.event])[0] if self.heard.event is not None else None
        self.text, self.frame = self.heard.finish(reply)
        self.anomalies = self.frame.anomalies

    @property
    def event(self) -> Any:
        return self.heard.event

    @property
    def answer(self) -> Any:
        return orjson.loads(self.text) if self.text else None


def say(action: str, payload: Any, version: str = "ocpp1.6", **more: Any) -> Exchange:
    return Exchange(orjson.dumps([2, "m1", action, payload]).decode(), version, **more)


def assert_valid_answer(exchange: Exchange, version: str, action: str) -> None:
    kind, _, payload = exchange.answer[:3]
    assert kind == 3, exchange.answer
    errors = [error.message for error in SCHEMAS[version].response(action).validator.iter_errors(payload)]
    assert errors == []


def sequence(*things: Sequence[Any]) -> list[Any]:
    return [item for thing in things for item in thing]


__all__ = [
    "ACCEPTED",
    "NOW",
    "STATION",
    "Exchange",
    "InlineWriter",
    "Outbox",
    "World",
    "assert_valid_answer",
    "gateway_of",
    "line",
    "say",
]
