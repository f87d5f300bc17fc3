"""The meters of a station and the keys that are registered for them, for its Set-up tab."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sessions_app.metering import signed
from sessions_app.selectors import proof
from stations.models import EVSE, ChargingStation, MeterKey


class Known(NamedTuple):
    """`counts`: it is the one for charges that begin now."""

    key: MeterKey
    fingerprint: str
    counts: bool


class Meter(NamedTuple):
    """The meter of one EVSE. `sent` is the fingerprint of the key that came along with its records, "" if none did; `same`: it
    is the registered one."""

    evse: EVSE
    keys: Sequence[Known]
    sent: str
    same: bool


def of(station: ChargingStation, *, now: datetime) -> list[Meter]:
    evses = station.evses.prefetch_related("meter_keys__added_by").order_by("evse_id")
    return [_meter(evse, now) for evse in evses]


def sent_key(evse: EVSE) -> tuple[str, str]:
    """The key that came along last and the meter that the record names; both "" if none did."""
    record = proof.sent_key(evse.station_id, evse.evse_id)
    return (record.key, signed.meter_of(record)) if record else ("", "")


def _meter(evse: EVSE, now: datetime) -> Meter:
    rows = list(evse.meter_keys.all())  # newest first
    current = next((row for row in rows if row.valid_from <= now), None)
    keys = [Known(row, signed.fingerprint(row.public_key), row == current) for row in rows]
    key, _named = sent_key(evse)
    sent = signed.fingerprint(key) if key else ""
    return Meter(evse, keys, sent, any(known.counts and known.fingerprint == sent for known in keys))
