"""Evidence on its way into the database and back: what a station said becomes a row, and a row becomes evidence again.

Both ways meet in `engine.evidence.Evidence`; a test holds them together. Rows keep the samples as they were sent and are
normalised again when they are read, so that a better `metering` reads old evidence better.
"""

import functools
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

from cms.core import energy, rows
from sessions_app.engine import evidence
from sessions_app.engine.evidence import Evidence
from sessions_app.metering.normalise import normalise
from sessions_app.models import Evidence as EvidenceRow
from stations.vocabulary import events
from stations.vocabulary.values import EvseRef, Reading, Sample

COLUMNS = (
    "station_id",
    "session_id",
    "kind",
    "transaction_id",
    "evse_id",
    "connector_id",
    "seq_no",
    "occurred_at",
    "received_at",
    "message_id",
    "register",
    "power_w",
    "facts",
    "readings",
)
KINDS: dict[type, str] = {
    events.TransactionStarted: evidence.STARTED,
    events.TransactionUpdated: evidence.UPDATED,
    events.TransactionEnded: evidence.ENDED,
}


class Entry(NamedTuple):
    """Evidence, and what its row needs besides the session."""

    evidence: Evidence
    station_id: int
    transaction_id: str
    message_id: str
    facts: str
    readings: str

    def row(self, session_id: int | None) -> tuple[Any, ...]:
        one = self.evidence
        register = power = None
        for measured in one.readings:
            register = measured.register if measured.register is not None else register
            power = measured.power_w if measured.power_w is not None else power
        return (
            self.station_id,
            session_id,
            one.kind,
            self.transaction_id,
            one.evse_id,
            one.connector_id,
            one.seq_no,
            one.occurred_at,
            one.received_at,
            self.message_id,
            register,
            power,
            self.facts,
            self.readings,
        )


def of_transaction(event: events.TransactionEvent, told: str = "", *, again: bool = False) -> Entry:
    """`told` is what the station is answered about the token in `event`; `again` that it uses a transaction id again."""
    facts: dict[str, Any] = {}
    if again:
        facts["again"] = True
    token = meter = None
    if event.token is not None:
        token = event.token.text
        facts["token"] = token
        if event.token.type:
            facts["token_type"] = event.token.type
    if told:
        facts["told"] = told
    if event.meter_wh is not None:
        meter = _meter(event.meter_wh)
        facts["meter"] = meter if meter is not None else str(event.meter_wh)
    if event.trigger:
        facts["trigger"] = event.trigger
    if event.charging_state:
        facts["state"] = event.charging_state
    if event.offline:
        facts["offline"] = True
    remote = _number(event.remote_start_id)
    if remote is not None:
        facts["remote"] = remote
    reservation = _number(event.reservation_id) or None  # 0 means none (quirk 40)
    if reservation is not None:
        facts["reservation"] = reservation
    reason = getattr(event, "reason", "")
    if reason:
        facts["reason"] = reason
    kept = _dumps(facts) if facts else b"{}"
    readings = _keep(event.readings)
    evse_id, connector_id = _place(event.evse)
    return Entry(
        Evidence(
            KINDS[type(event)],
            event.occurred_at,
            event.received_at,
            None if event.seq_no is None else max(-_BIGINT, min(event.seq_no, _BIGINT)),
            evse_id,
            connector_id,
            token or "",
            meter,
            normalise(event.readings) if event.readings else (),
            reason,
            event.trigger,
            event.charging_state,
            remote,
            reservation,
            told,
            again,
            zlib.crc32(readings, zlib.crc32(kept)),
        ),
        event.station.id,
        event.transaction_id or "",
        event.message_id,
        kept.decode(),
        readings.decode(),
    )


def of_meter(event: events.Metered) -> Entry:
    """Readings that name no transaction."""
    readings = _keep(event.readings)
    at = max((reading.at for reading in event.readings), default=event.received_at)
    evse_id, connector_id = _place(event.evse)
    return Entry(
        Evidence(
            evidence.METERED,
            at,
            event.received_at,
            evse_id=evse_id,
            connector_id=connector_id,
            readings=normalise(event.readings),
            digest=zlib.crc32(readings, zlib.crc32(b"{}")),
        ),
        event.station.id,
        "",
        event.message_id,
        "{}",
        readings.decode(),
    )


def of_ours(
    kind: str,
    *,
    station_id: int,
    transaction_id: str,
    occurred_at: datetime,
    received_at: datetime,
    meter: int | None = None,
    reason: str = "",
    by: str = "",
    message_id: str = "",
) -> Entry:
    """What we noticed or decided: bounded, closed, doubted."""
    facts: dict[str, Any] = {}
    if meter is not None:
        facts["meter"] = meter
    if reason:
        facts["reason"] = reason
    if by:
        facts["by"] = by
    kept = _dumps(facts)
    digest = zlib.crc32(b"[]", zlib.crc32(kept))
    ours = Evidence(kind, occurred_at, received_at, meter=meter, reason=reason, digest=digest)
    return Entry(ours, station_id, transaction_id, message_id, kept.decode(), "[]")


def write(entries: Iterable[tuple[Entry, int | None]]) -> None:
    """One statement. Each entry with the session it belongs to, None for an orphan."""
    rows.insert(EvidenceRow, COLUMNS, [entry.row(session_id) for entry, session_id in entries])


def read(session_ids: Iterable[int]) -> dict[int, list[Evidence]]:
    """All evidence of these sessions, in one query, in no particular order."""
    found: dict[int, list[Evidence]] = defaultdict(list)
    for session_id, one in stream(EvidenceRow.objects.filter(session_id__in=list(session_ids))):
        found[session_id].append(one)
    return found


def stream(query: Any) -> Iterator[tuple[int, Evidence]]:
    """(session id, evidence) for each row of a query of evidence, without holding them all."""
    columns = (
        "session_id",
        "kind",
        "occurred_at",
        "received_at",
        "seq_no",
        "evse_id",
        "connector_id",
        "facts",
        "readings",
    )
    for session_id, kind, occurred, received, seq_no, evse, connector, facts, readings in query.values_list(
        *columns
    ).iterator(chunk_size=2_000):
        known = orjson.loads(facts)
        yield (
            session_id,
            Evidence(
                kind,
                occurred,
                received,
                seq_no,
                evse,
                connector,
                known.get("token", ""),
                meter if isinstance(meter := known.get("meter"), int) else None,
                normalise(samples(readings)) if readings != "[]" else (),
                known.get("reason", ""),
                known.get("trigger", ""),
                known.get("state", ""),
                known.get("remote"),
                known.get("reservation"),
                known.get("told", ""),
                known.get("again", False),
                zlib.crc32(readings.encode(), zlib.crc32(facts.encode())),
            ),
        )


def samples(kept: str) -> tuple[Reading, ...]:
    """The readings of a row, as the station sent them."""
    return tuple(
        Reading(datetime.fromisoformat(at), tuple(_sample(*kept_sample) for kept_sample in kept_samples))
        for at, kept_samples in orjson.loads(kept)
    )


def _sample(
    measurand: str,
    value: str | None,
    unit: str | None = None,
    phase: str | None = None,
    context: str = "Sample.Periodic",
    location: str = "Outlet",
    multiplier: int = 0,
    signed: str | None = None,
) -> Sample:
    number = Decimal(value) if value is not None else None
    return Sample(measurand, number, unit, phase, context, location, multiplier, signed)


# What a station says may be larger than any column: a start is answered all the same, and its words are kept as text.
_INTEGER, _BIGINT, _JSON_INTEGER = 2**31 - 1, 2**63 - 1, 2**53


def _place(evse: EvseRef | None) -> tuple[int | None, int | None]:
    if evse is None:
        return None, None
    connector = evse.connector
    return (
        evse.id if 0 <= evse.id <= _INTEGER else None,
        connector if connector is not None and 0 <= connector <= _INTEGER else None,
    )


def _meter(wh: Decimal) -> int | None:
    """mWh; None where no counter could show it."""
    return energy.to_mwh(wh) if wh.is_finite() and abs(wh) < _JSON_INTEGER // 1_000 else None


def _number(value: int | None) -> int | None:
    return value if value is not None and abs(value) < _JSON_INTEGER else None


def _keep(readings: tuple[Reading, ...]) -> bytes:
    return _dumps([[reading.at, [_kept(sample) for sample in reading.samples]] for reading in readings])


def _kept(sample: Sample) -> list[Any]:
    measurand, value, unit, phase, context, location, multiplier, signed = sample
    text = None if value is None else str(value)
    if signed is None and not multiplier:
        return [measurand, text, unit, phase, context, location]
    return [measurand, text, unit, phase, context, location, multiplier, signed]


_dumps = functools.partial(orjson.dumps, option=orjson.OPT_UTC_Z)
