"""The signed records of a session, and what they prove."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

from sessions_app.metering import kept, signed
from sessions_app.metering.signed import Checked, Record, Sum, Sworn
from sessions_app.models import ChargingSession, Evidence, Verification
from stations.models import MeterKey

TOLERANCE: Final = 20_000  # mWh: meters sign tens of watt-hours, stations report single ones

_LOOKED_AT = 5  # sessions per EVSE, for the key that came along


class Proof(NamedTuple):
    """`records` in the order heard, each once, and beside each in `keys` the registered key it was checked with."""

    records: tuple[Checked, ...]
    total: Sum
    keys: tuple[MeterKey | None, ...] = ()

    @property
    def key(self) -> MeterKey | None:
        """The registered key; the first where a meter was replaced meanwhile."""
        return next((key for key in self.keys if key is not None), None)

    @property
    def ends(self) -> tuple[Sworn | None, Sworn | None]:
        """The readings at begin and end, whoever vouches for them."""
        return signed.ends(self.records)

    @property
    def is_broken(self) -> bool:
        """A signature that does not hold, or a record that is none."""
        return any(one.status in (signed.INVALID, signed.UNREADABLE) for one in self.records)

    @property
    def holds(self) -> bool:
        """Everything is signed and nothing is in doubt."""
        return self.total.mwh is not None and not self.total.issues

    def contradicts(self, mwh: int) -> bool:
        """Does the signed energy differ from what is billed, or is the meter itself in doubt?"""
        if self.key is None or self.total.mwh is None:
            return False
        return abs(self.total.mwh - mwh) > TOLERANCE or "meter_error" in self.total.issues


def of_session(session_id: int) -> Proof:
    return by_session([session_id])[session_id]


def by_session(session_ids: Collection[int]) -> dict[int, Proof]:
    """Three statements, however many sessions."""
    columns = ("pk", "station", "evse_id", "started_at")
    sessions = ChargingSession.objects.filter(pk__in=session_ids).values_list(*columns)
    records, known = _records(session_ids), _keys(session_ids)
    found = {}
    for pk, station, evse, started_at in sessions:
        keys = [key for key in known.get((station, evse), ()) if key.valid_from <= started_at]
        found[pk] = _proof(records.get(pk, ()), keys)
    return found


def token_of(session_id: int) -> str:
    """Of its public page, "" where nothing was signed."""
    return Verification.objects.filter(session=session_id).values_list("token", flat=True).first() or ""


def sent_key(station_id: int, evse_id: int) -> Record | None:
    """The newest record of an EVSE that brought its key along: something to compare with the label, and no proof."""
    latest = ChargingSession.objects.filter(station=station_id, evse_id=evse_id, verification__isnull=False)
    for session_id in latest.order_by("-pk").values_list("pk", flat=True)[:_LOOKED_AT]:
        for record in reversed(_records([session_id]).get(session_id, ())):
            if record.key and not signed.problem_of(record.key):
                return record
    return None


def _proof(records: Sequence[Record], known: Sequence[MeterKey]) -> Proof:
    keys = tuple(_fitting(known, record) for record in records)
    checked = tuple(
        signed.check(record, key.public_key if key else "") for record, key in zip(records, keys, strict=True)
    )
    return Proof(checked, signed.add_up(checked), keys)


def _records(session_ids: Collection[int]) -> dict[int, tuple[Record, ...]]:
    """Each once, however often and in whatever wrapping it was sent; one that brought its key before one that did not."""
    rows = Evidence.objects.filter(session__in=session_ids).exclude(readings=kept.NOTHING).order_by("occurred_at", "pk")
    found: dict[int, dict[str, Record]] = defaultdict(dict)
    for session_id, text in rows.values_list("session", "readings"):
        own = found[session_id]
        for record in _signed_in(text):
            if not (record.text in own and own[record.text].key):
                own[record.text] = record
    return {session_id: tuple(own.values()) for session_id, own in found.items()}


def _signed_in(text: str) -> Iterator[Record]:
    for reading in kept.load(text):
        for sample in reading.samples:
            if sample.signed is not None:
                yield signed.unwrap(sample.signed)


def _keys(session_ids: Collection[int]) -> dict[tuple[int, int], list[MeterKey]]:
    """By station and EVSE number, newest first."""
    stations = ChargingSession.objects.filter(pk__in=session_ids).values("station")
    found: dict[tuple[int, int], list[MeterKey]] = defaultdict(list)
    for key in MeterKey.objects.filter(evse__station__in=stations).select_related("evse"):
        found[key.evse.station_id, key.evse.evse_id].append(key)
    return found


def _fitting(known: Sequence[MeterKey], record: Record) -> MeterKey | None:
    """The newest of the meter that the record names; else the newest, which then has to hold for it."""
    meter = signed.meter_of(record) if len(known) > 1 else ""
    of_meter = (key for key in known if meter and key.meter_serial.casefold() == meter.casefold())
    return next(of_meter, known[0] if known else None)
