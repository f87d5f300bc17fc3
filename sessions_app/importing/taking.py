"""Rows of another system become sessions here, through the same recording as a station's own words. Importing a file twice
changes nothing; what was charged elsewhere is not charged again (`ChargingSession.IMPORTED`)."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from accounts.models import Operator
from cms.core.errors import Invalid
from sessions_app.engine.evidence import AGED, FLAGGED
from sessions_app.models import ChargingSession
from sessions_app.services import books, sessions
from sessions_app.services.recording import Recording
from stations.models import ChargingStation
from stations.services import provisioning
from stations.vocabulary.events import TransactionEnded, TransactionEvent, TransactionStarted
from stations.vocabulary.values import EvseRef, StationRef

from .judging import REFUSED, REPEATED, REVIEW, Imported

CHUNK = 500


class Place(NamedTuple):
    """A station here, and the EVSE numbers of the connector names there."""

    station: StationRef
    evses: dict[str, int]


class Taker:
    """Takes the rows of one file for one operator. `source` names the file's format in transaction ids."""

    def __init__(self, operator: Operator, source: str, *, create_stations: bool) -> None:
        self.operator, self.source, self.create_stations = operator, source, create_stations
        self.places: dict[str, Place] = {}

    def take(self, rows: Iterable[Imported]) -> int:
        """Chunk by chunk, each in a transaction of its own. Returns how many sessions are new. Raises Invalid where a station
        is unknown and none is to be created."""
        usable = (row for row in rows if row.verdict not in (REFUSED, REPEATED))
        taken = 0
        while chunk := list(islice(usable, CHUNK)):
            taken += self._take(chunk)
        return taken

    @transaction.atomic
    def _take(self, rows: Sequence[Imported]) -> int:
        known = set(books.by_start_key(self._key(row) for row in rows))
        told = [self._told(row) for row in rows]
        sessions.record([event for events in told for event in events])
        self._decide(rows)
        return len({self._key(row) for row in rows} - known)

    def _told(self, row: Imported) -> list[TransactionEvent]:
        began: datetime = row.began_at  # type: ignore[assignment]  # only refused rows have none
        place = self._place(row.raw.station)
        evse = place.evses.setdefault(row.raw.connector, _number(row.raw.connector) or len(place.evses) + 1)
        facts: dict[str, Any] = {
            "station": place.station,
            "version": ChargingSession.IMPORTED,
            "message_id": "",
            "transaction_id": self._transaction(row),
            "evse": EvseRef(evse, 1),
        }
        start = TransactionStarted(occurred_at=began, received_at=began, seq_no=0, meter_wh=Decimal(0), **facts)
        if row.ended_at is None:
            return [start]
        wh = None if row.energy is None else Decimal(row.energy) / 1_000
        at = row.ended_at
        return [start, TransactionEnded(occurred_at=at, received_at=at, seq_no=1, meter_wh=wh, reason="Other", **facts)]

    def _decide(self, rows: Sequence[Imported]) -> None:
        """What the import itself has noticed: reasons for a person, and charges that nobody ever ended."""
        doubtful = {self._key(row): row for row in rows if row.verdict == REVIEW}
        now = timezone.now()
        recording = Recording()
        for key, held in books.by_start_key(doubtful).items() if doubtful else ():
            row = doubtful[key]
            wanted = [] if held.state.flags else [(FLAGGED, row.doubts)]
            if row.ended_at is None and held.state.aged_at is None:
                wanted.append((AGED, ()))
            for kind, reasons in wanted:
                recording.say(kind, held, occurred_at=now, received_at=now, reasons=reasons)
        recording.finish()

    def _transaction(self, row: Imported) -> str:
        """Unique at its station: exports of two years number their rows alike."""
        return f"{self.source}-{row.raw.reference}-{row.began_at:%Y%m%dT%H%M%S}"

    def _key(self, row: Imported) -> str:
        return f"{self._place(row.raw.station).station.id}/{self._transaction(row)}"

    def _place(self, name: str) -> Place:
        if name not in self.places:
            self.places[name] = Place(self._station(name), {})
        return self.places[name]

    def _station(self, name: str) -> StationRef:
        identity = re.sub(r"[^A-Za-z0-9._*+-]+", "-", name)[:48].strip("-.") or "unnamed"
        found = ChargingStation.objects.filter(operator=self.operator, identity=identity).first()
        if found is None:
            if not self.create_stations:
                raise Invalid(
                    f"The operator has no station {identity} ({name}). Add it, or let the import create stations."
                )
            found = provisioning.create(operator=self.operator, identity=identity, name=name[:100], by=None)
        return StationRef(found.pk, found.operator_id, found.identity)


def _number(connector: str) -> int:
    return int(connector) if connector.isdecimal() and 0 < int(connector) < 1_000 else 0
