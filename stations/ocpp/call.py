"""A CALL of a station on its way through the edge: from the frame to its event, from the reply to the answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter_ns
from typing import Any, NamedTuple

from stations.vocabulary.replies import Failed, Reply
from stations.vocabulary.values import Frame, StationRef

from . import frames, scalars
from .schemas import Schemas


class Refusal(Exception):
    """The frame cannot be served: `code` is the CALLERROR code in its 2.x spelling."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Inbound(NamedTuple):
    """How one action of a station is read, and how its reply is written (`answer` gives the payload)."""

    read: Callable[["Call"], Any]
    answer: Callable[[Any], dict[str, Any]]


Encoder = Callable[[Any], tuple[str, str]]
"""A command → action and payload (JSON text). Raises CommandNotSupported."""


@dataclass(frozen=True, slots=True)
class Version:
    """All that the edge needs to know about one protocol version."""

    subprotocol: str
    schemas: Schemas
    inbound: Mapping[str, Inbound]
    encoders: Mapping[type, Encoder]
    repairs: Mapping[str, Callable[[dict[str, Any], list[str]], dict[str, Any]]] = field(default_factory=dict)
    """Action → what its schema cannot say about mending it."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """CALLERROR codes that this version spells otherwise."""
    answers_unreadable: bool = True
    """Whether a frame without a readable id is answered with id "-1", and an unknown message type at all (2.0.1)."""


class Line(NamedTuple):
    """What every frame of one connection has in common."""

    station: StationRef
    epoch: int
    version: Version


@dataclass(slots=True, eq=False)
class Call:
    """`message_id` is echoed as it came, a number too. `started` is a `perf_counter_ns`."""

    line: Line
    raw: str
    received_at: datetime
    started: int
    message_id: Any
    action: str
    payload: dict[str, Any]
    anomalies: list[str]
    inbound: Inbound | None = None

    def facts(self) -> dict[str, Any]:
        """The members that every StationEvent has. Ask last: the anomalies are those found so far."""
        return {
            "station": self.line.station,
            "received_at": self.received_at,
            "message_id": str(self.message_id),
            "version": self.line.version.subprotocol,
            "anomalies": self.noted(),
        }

    def noted(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.anomalies)) if self.anomalies else ()

    def need(self, name: str, within: dict[str, Any] | None = None) -> Any:
        """A member that we cannot do without. Raises Refusal."""
        value = (self.payload if within is None else within).get(name)
        if value is not None:
            return value
        if f"type:{name}" in self.anomalies:
            raise Refusal("TypeConstraintViolation", f"{name} has the wrong type")
        raise Refusal("ProtocolError", f"{name} is missing")

    def whole(self, name: str, within: dict[str, Any] | None = None, low: int = 0, high: int = scalars.SMALL) -> int:
        """An integer that we cannot do without. Raises Refusal."""
        number = scalars.whole(self.need(name, within), low, high)
        if number is None:
            raise Refusal("PropertyConstraintViolation", f"{name} is out of range")
        return number

    def instant(self, value: Any) -> datetime:
        return scalars.instant(value, self.received_at, self.anomalies)

    def evidence_at(self, value: Any) -> datetime:
        """When a charge's event happened by the station's own clock, however wrong that is."""
        return scalars.instant(value, self.received_at, self.anomalies, keep=True)

    def finish(self, reply: Reply | None) -> tuple[str, Frame]:
        """The answer's text, and the journal's line."""
        if self.inbound is None or isinstance(reply, Failed):
            failed = reply if isinstance(reply, Failed) else Failed("InternalError", "")
            answer = self.error(failed.code, failed.text)
        else:
            answer = frames.result(self.message_id, self.inbound.answer(reply))
        return answer, self.frame(answer)

    def refused(self, refusal: Refusal) -> Callable[[Reply | None], tuple[str, Frame]]:
        """`finish` for a call that never becomes an event."""

        def finish(reply: Reply | None) -> tuple[str, Frame]:
            answer = self.error(refusal.code, refusal.text)
            return answer, self.frame(answer)

        return finish

    def error(self, code: str, text: str) -> str:
        return frames.error(self.message_id, self.line.version.codes.get(code, code), text)

    def frame(self, answer: str) -> Frame:
        return Frame(
            self.line.station.id,
            self.line.epoch,
            self.received_at,
            False,
            frames.CALL,
            str(self.message_id),
            self.action,
            self.raw,
            answer,
            (perf_counter_ns() - self.started) // 1000,
            self.noted(),
        )
