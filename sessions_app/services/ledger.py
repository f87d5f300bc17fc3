"""Evidence on its way into the database and back: what a station said becomes a row, and a row becomes evidence again.

Both ways meet in `_evidence`. Rows keep the samples as they were sent (`metering.kept`) and are normalised again when they are
read. Where a person corrects the station's clock, `occurred_at` is the corrected time and the fact `shift` says by how many
seconds it was moved; the samples keep their own times and are moved when they are read.
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
from sessions_app.engine import evidence, reduce
from sessions_app.engine.evidence import Evidence
from sessions_app.metering import kept
from sessions_app.metering.normalise import Measured, normalise
from sessions_app.models import Evidence as EvidenceRow
from stations.services import clocks
from stations.vocabulary import events
from stations.vocabulary.values import EvseRef

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

Facts = dict[str, Any]
"""What else is kept of evidence, as JSON text: token, token_type, told, meter (mWh), trigger, state, offline, remote,
reservation, reason, again, shift; of ours: meter, reason, by."""


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


def of_transaction(
    event: events.TransactionEvent, told: str = "", *, again: bool = False, begun: datetime | None = None
) -> Entry:
    """`told` is what the station is answered about the token in `event`; `again` that it uses a transaction id again; `begun`
    is when we heard of its session first."""
    facts = _facts(event, told, again=again)
    if moved := clocks.shift(event.station.id, event.occurred_at, event.received_at, begun=begun):
        facts["shift"] = moved
    seq_no = None if event.seq_no is None else max(-_BIGINT, min(event.seq_no, _BIGINT))
    at = clocks.moved(event.occurred_at, event.received_at, moved) if moved else event.occurred_at
    return _entry(event, KINDS[type(event)], at, facts, seq_no, event.transaction_id or "")


def of_meter(event: events.Metered, *, begun: datetime | None = None) -> Entry:
    """Readings that name no transaction."""
    at = max((reading.at for reading in event.readings), default=event.received_at)
    moved = clocks.shift(event.station.id, at, event.received_at, begun=begun)
    if not moved:
        return _entry(event, evidence.METERED, at, {}, None, "")
    at = clocks.moved(at, event.received_at, moved)
    return _entry(event, evidence.METERED, at, {"shift": moved}, None, "")


def moment(event: events.TransactionEvent) -> datetime:
    """When it happened, as far as we know: by the station's clock as corrected, if that can be true."""
    said, heard = event.occurred_at, event.received_at
    if moved := clocks.shift(event.station.id, said, heard):
        said = clocks.moved(said, heard, moved)
    return reduce.moment(said, heard)


def _facts(event: events.TransactionEvent, told: str, *, again: bool) -> Facts:
    """What was said, without what was not. 0 is no reservation (quirk 40); a meter that no counter could show stays text."""
    facts: Facts = {}
    if again:
        facts["again"] = True
    if told:
        facts["told"] = told
    if event.token is not None:
        facts["token"] = event.token.text
        if event.token.type:
            facts["token_type"] = event.token.type
    if event.meter_wh is not None:
        meter = _meter(event.meter_wh)
        facts["meter"] = meter if meter is not None else str(event.meter_wh)
    if event.offline:
        facts["offline"] = True
    if (remote := _number(event.remote_start_id)) is not None:
        facts["remote"] = remote
    if reservation := _number(event.reservation_id):
        facts["reservation"] = reservation
    if event.trigger:
        facts["trigger"] = event.trigger
    if event.charging_state:
        facts["state"] = event.charging_state
    if reason := getattr(event, "reason", ""):
        facts["reason"] = reason
    return facts


def _entry(
    event: events.TransactionEvent | events.Metered,
    kind: str,
    occurred_at: datetime,
    facts: Facts,
    seq_no: int | None,
    transaction_id: str,
) -> Entry:
    said = _dumps(facts) if facts else b"{}"
    readings = kept.dump(event.readings)
    measured = normalise(event.readings) if event.readings else ()
    place = _place(event.evse)
    digest = zlib.crc32(readings, zlib.crc32(said))
    one = _evidence(kind, occurred_at, event.received_at, seq_no, *place, facts, measured, digest)
    return Entry(one, event.station.id, transaction_id, event.message_id, said.decode(), readings.decode())


def _evidence(
    kind: str,
    occurred_at: datetime,
    received_at: datetime,
    seq_no: int | None,
    evse_id: int | None,
    connector_id: int | None,
    facts: Facts,
    readings: tuple[Measured, ...],
    digest: int,
) -> Evidence:
    """The same, whether it comes from the station or from its row."""
    fact = facts.get
    meter = fact("meter")
    if moved := fact("shift"):
        readings = tuple(one._replace(at=clocks.moved(one.at, received_at, moved)) for one in readings)
    return Evidence(
        kind,
        occurred_at,
        received_at,
        seq_no,
        evse_id,
        connector_id,
        fact("token", ""),
        meter if isinstance(meter, int) else None,
        readings,
        fact("reason", ""),
        fact("trigger", ""),
        fact("state", ""),
        fact("remote"),
        fact("reservation"),
        fact("told", ""),
        fact("again", False),
        digest,
        tuple(fact("reasons", ())),
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
    reasons: tuple[str, ...] = (),
    by: str = "",
    message_id: str = "",
) -> Entry:
    """What we noticed or decided (`engine.evidence.OURS`)."""
    told = {"meter": meter, "reason": reason, "reasons": reasons, "by": by}
    facts = {name: fact for name, fact in told.items() if fact not in (None, "", ())}
    said = _dumps(facts)
    digest = zlib.crc32(kept.NOTHING.encode(), zlib.crc32(said))
    ours = Evidence(kind, occurred_at, received_at, meter=meter, reason=reason, digest=digest, reasons=reasons)
    return Entry(ours, station_id, transaction_id, message_id, said.decode(), kept.NOTHING)


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
    found = query.values_list(*columns).iterator(chunk_size=2_000)
    for session_id, kind, at, heard, seq_no, evse, connector, facts, readings in found:
        measured = normalise(kept.load(readings)) if readings != kept.NOTHING else ()
        digest = zlib.crc32(readings.encode(), zlib.crc32(facts.encode()))
        yield session_id, _evidence(kind, at, heard, seq_no, evse, connector, orjson.loads(facts), measured, digest)


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


_dumps = functools.partial(orjson.dumps, option=orjson.OPT_UTC_Z)
