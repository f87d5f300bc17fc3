"""The signed records of a session, and what they prove."""

from datetime import datetime
from typing import Final, NamedTuple

from sessions_app.metering import kept, signed
from sessions_app.metering.signed import Checked, Sum
from sessions_app.models import ChargingSession, Evidence
from stations.models import MeterKey

TOLERANCE: Final = 20_000  # mWh: meters sign tens of watt-hours, stations report single ones


class Proof(NamedTuple):
    """`records` in the order heard, each once. `key` is the registered one, None where there is none."""

    records: tuple[Checked, ...]
    total: Sum
    key: MeterKey | None

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
    session = ChargingSession.objects.only("station", "evse_id", "started_at").get(pk=session_id)
    key = _key_at(session.station_id, session.evse_id, session.started_at)
    rows = Evidence.objects.filter(session=session_id).exclude(readings=kept.NOTHING).order_by("occurred_at", "pk")
    texts = dict.fromkeys(
        sample.signed
        for text in rows.values_list("readings", flat=True)
        for reading in kept.load(text)
        for sample in reading.samples
        if sample.signed is not None
    )
    records = tuple(signed.check(signed.unwrap(text), key.public_key if key else "") for text in texts)
    return Proof(records, signed.add_up(records), key)


def _key_at(station_id: int, evse_id: int | None, at: datetime) -> MeterKey | None:
    keys = MeterKey.objects.filter(evse__station=station_id, evse__evse_id=evse_id or 0, valid_from__lte=at)
    return keys.order_by("-valid_from").first()
