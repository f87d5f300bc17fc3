"""The small values that events, commands and replies are made of."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple


class StationRef(NamedTuple):
    """A provisioned station, as the connection knows it. `id` and `operator` are primary keys."""

    id: int
    operator: int
    identity: str


class EvseRef(NamedTuple):
    """OCPP 2.x EVSE addressing. 1.6 connector n is EvseRef(n, 1); (0, None) is the whole station."""

    id: int
    connector: int | None = None


WHOLE_STATION = EvseRef(0, None)


def connector_number(version: str, evse_id: int, connector_id: int) -> int:
    """The connectorId that a station of this version would say: 1.6 counts its connectors in one row."""
    return evse_id if version == "1.6" else connector_id


class IdToken(NamedTuple):
    """Text as the station sent it, and its OCPP 2.x type where known (1.6 does not say)."""

    text: str
    type: str | None = None


class Sample(NamedTuple):
    """One sampledValue with the specification's defaults applied. `value` is None where it could not be read.

    `unit` as sent or defaulted ("Wh" for energy); `multiplier` is the 2.x power of ten. `signed` carries the
    SignedData text (1.6) or the signedMeterValue as JSON text (2.x), never both with a number.
    """

    measurand: str
    value: Decimal | None
    unit: str | None = None
    phase: str | None = None
    context: str = "Sample.Periodic"
    location: str = "Outlet"
    multiplier: int = 0
    signed: str | None = None


class Reading(NamedTuple):
    """One MeterValue: samples taken at one instant of the station's clock (`at` is received_at where unreadable)."""

    at: datetime
    samples: tuple[Sample, ...]


class Frame(NamedTuple):
    """One line of the journal. `answer` is ours to an incoming CALL; `message_id` and `action` are "" if unreadable.

    `kind` is the message type number, 0 if unreadable. `epoch` is the connection's fencing number, `outgoing` our own CALL;
    `took_us` from receipt to encoded answer. No text holds a NUL.
    """

    station: int
    epoch: int
    at: datetime
    outgoing: bool
    kind: int
    message_id: str
    action: str
    raw: str
    answer: str = ""
    took_us: int = 0
    anomalies: tuple[str, ...] = ()
