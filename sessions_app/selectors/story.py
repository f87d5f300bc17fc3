"""What happened in a session, event by event, each leading back to the message that told it."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson

from sessions_app.engine.evidence import METERED, UPDATED
from sessions_app.metering import kept
from sessions_app.models import ChargingSession, Evidence
from stations.models import StatusChange
from stations.vocabulary.values import Reading

_BEFORE, _AFTER = timedelta(minutes=10), timedelta(minutes=10)
_SILENT = frozenset({"MeterValuePeriodic", "MeterValueClock"})  # triggers that tell of nothing but a reading


class Event(NamedTuple):
    """`kind` is that of the evidence, or "status" for a report of the connector. `facts` as kept with the evidence: token,
    trigger, state, reason, meter (mWh), told …; for a status its `status` and `error_code`."""

    at: datetime
    received_at: datetime
    kind: str
    message_id: str
    facts: Mapping[str, Any]


class Readings(NamedTuple):
    """The samples of one message, as sent."""

    received_at: datetime
    message_id: str
    readings: tuple[Reading, ...]


def timeline(session: ChargingSession) -> list[Event]:
    """Everything but mere readings, in the order of the clocks that told it. Two queries."""
    return sorted([*_told(session), *_connector(session)], key=lambda event: (event.at, event.received_at))


def readings(session: ChargingSession) -> list[Readings]:
    """Every message with samples, in the order of receipt."""
    rows = Evidence.objects.filter(session=session).exclude(readings="[]").order_by("received_at", "pk")
    return [
        Readings(received_at, message_id, kept.load(text))
        for received_at, message_id, text in rows.values_list("received_at", "message_id", "readings")
    ]


def _told(session: ChargingSession) -> Iterator[Event]:
    rows = Evidence.objects.filter(session=session).exclude(kind=METERED)
    for at, received_at, kind, message_id, text in rows.values_list(
        "occurred_at", "received_at", "kind", "message_id", "facts"
    ):
        facts = orjson.loads(text)
        if kind != UPDATED or _tells(facts):
            yield Event(at, received_at, kind, message_id, facts)


def _tells(facts: Mapping[str, Any]) -> bool:
    return bool(facts.keys() & {"token", "state"}) or facts.get("trigger", "") not in {"", *_SILENT}


def _connector(session: ChargingSession) -> Iterator[Event]:
    rows = StatusChange.objects.filter(
        station=session.station_id, evse_id=session.evse_id or 0, at__gte=session.started_at - _BEFORE
    )
    if session.stopped_at:
        rows = rows.filter(at__lte=session.stopped_at + _AFTER)
    for at, received_at, status, error in rows.values_list("at", "received_at", "status", "error_code"):
        yield Event(at, received_at, "status", "", {"status": status, "error_code": error})
