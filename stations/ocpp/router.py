"""A frame of a station → what the writer shall do with it. No frame raises, none is left without an answer that deserves one."""

import logging
from datetime import datetime
from typing import Any, NamedTuple

from stations.vocabulary.events import CommandSettled
from stations.vocabulary.replies import Reply
from stations.vocabulary.values import Frame

from . import frames, repair
from .call import Call, Line, Refusal
from .outbox import Outbox, Question
from .writer import Finish

logger = logging.getLogger(__name__)

UNREADABLE_ID = "-1"  # OCPP 2.0.1 part 4 §4.2.3


class Heard(NamedTuple):
    """`event` for the central system (None: only the journal), `finish` for the writer. `call`: the station has spoken on its
    own; `question`: it answered ours."""

    event: Any
    finish: Finish
    call: bool = False
    question: Question | None = None


class Envelope(NamedTuple):
    """A frame as it came. `started` is a `perf_counter_ns`."""

    line: Line
    text: str
    received_at: datetime
    started: int
    anomalies: list[str]

    def frame(self, kind: int, message_id: str = "", action: str = "", answer: str = "") -> Frame:
        line = self.line
        raw = self.text.replace("\x00", "\\x00") if "\x00" in self.text else self.text
        anomalies = tuple(self.anomalies)
        return Frame(
            line.station.id, line.epoch, self.received_at, False, kind, message_id, action, raw, answer, 0, anomalies
        )


def read(envelope: Envelope, outbox: Outbox) -> Heard:
    try:
        message, overlooked = frames.parse(envelope.text)
    except frames.Unreadable:
        return _broken(envelope)
    envelope.anomalies.extend(overlooked)
    if not isinstance(message, list) or len(message) < 2:
        return _meaningless(envelope, "RpcFrameworkError", "This is no OCPP frame", UNREADABLE_ID)
    kind, message_id = message[0], message[1]
    if not isinstance(message_id, str | int | float) or isinstance(message_id, bool):
        return _meaningless(envelope, "RpcFrameworkError", "The message id cannot be read", UNREADABLE_ID)
    if kind == frames.CALL:
        return _call(envelope, message_id, message)
    if kind in (frames.CALLRESULT, frames.CALLERROR):
        return _answer(envelope, outbox, message)
    return _meaningless(envelope, "MessageTypeNotSupported", "Unknown message type", message_id)


def _call(envelope: Envelope, message_id: Any, message: list[Any]) -> Heard:
    line, text, received_at, started, anomalies = envelope
    action = message[2] if len(message) > 2 else None
    payload = message[3] if len(message) > 3 else None
    if len(message) != 4:
        anomalies.append("elements")
    raw = text.replace("\x00", "\\x00") if "\x00" in text else text
    call = Call(line, raw, received_at, started, message_id, str(action or "")[:64], payload or {}, anomalies)
    try:
        if not isinstance(action, str):
            raise Refusal("FormatViolation", "The action must be text")
        return Heard(_event(call), call.finish, call=True)
    except Refusal as refusal:
        return Heard(None, call.refused(refusal), call=True)
    except Exception:
        logger.exception("Cannot read a %s of %s", action, line.station.identity)
        return Heard(None, call.refused(Refusal("InternalError", "")), call=True)


def _event(call: Call) -> Any:
    version = call.line.version
    inbound = version.inbound.get(call.action)
    if inbound is None:
        known = version.schemas.knows(call.action)
        raise Refusal("NotSupported" if known else "NotImplemented", f"{call.action} is not served here")
    call.inbound = inbound
    if not isinstance(call.payload, dict):
        raise Refusal("FormatViolation", "The payload must be an object")
    schema = version.schemas.request(call.action)
    if not schema.validator.is_valid(call.payload):
        call.payload = repair.mend(call.payload, schema.tree, call.anomalies)
        if special := version.repairs.get(call.action):
            call.payload = special(call.payload, call.anomalies)
    return inbound.read(call)


def _answer(envelope: Envelope, outbox: Outbox, message: list[Any]) -> Heard:
    """CALLRESULT or CALLERROR; one that nobody waits for (any more) is only journalled."""
    kind, message_id = message[0], str(message[1])
    question = outbox.waiting_for(message_id)
    if question is None:
        envelope.anomalies.append("late")
        return Heard(None, _journalled(envelope.frame(kind, message_id)))
    frame = envelope.frame(kind, message_id, question.action)
    station = envelope.line.station
    first, second, third = (*message[2:5], None, None, None)[:3]  # padded where elements are missing (quirk 83)
    if kind == frames.CALLRESULT:
        exact = frames.element(envelope.text, 2) if "json" not in envelope.anomalies else ""
        payload = "{}" if first is None else exact or frames.dumps(first)
        event = CommandSettled(station, question.command, "result", payload)
    else:
        code, text, details = _text(first) or "GenericError", _text(second), frames.dumps(third or {})
        event = CommandSettled(station, question.command, "error", None, code, text, details)
    outbox.take()
    return Heard(event, _journalled(frame), question=question)


def _broken(envelope: Envelope) -> Heard:
    """Not JSON. If at least the head of a CALL can be read, it is answered (quirk 11)."""
    head = frames.call_head(envelope.text)
    envelope.anomalies.append("broken")
    if head is None:
        return _meaningless(envelope, "RpcFrameworkError", "This is not JSON", UNREADABLE_ID)
    line, message_id = envelope.line, head[0]
    code = line.version.codes.get("FormatViolation", "FormatViolation")
    answer = frames.error(message_id, code, "This is not JSON")
    return Heard(None, _journalled(envelope.frame(frames.CALL, message_id, head[1], answer), answer), call=True)


def _meaningless(envelope: Envelope, code: str, text: str, message_id: Any) -> Heard:
    """No frame of OCPP: 2.0.1 wants to be told so, 1.6 wants it ignored."""
    envelope.anomalies.append("no frame")
    answer = frames.error(message_id, code, text) if envelope.line.version.answers_unreadable else ""
    known = "" if message_id == UNREADABLE_ID else str(message_id)
    return Heard(None, _journalled(envelope.frame(0, known, "", answer), answer))


def _journalled(frame: Frame, answer: str = "") -> Finish:
    def finish(reply: Reply | None) -> tuple[str, Frame]:
        return answer, frame

    return finish


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else frames.dumps(value)
