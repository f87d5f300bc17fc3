"""What we can ask a station, in 2.x words. Each version has an encoder per type or refuses it (test_vocabulary.py).

`RawCall` is any other action of the negotiated version, its payload sent exactly as given.
"""

from dataclasses import dataclass
from datetime import datetime

from .values import EvseRef, IdToken


class CommandNotSupported(Exception):
    """The version has no such operation."""


@dataclass(frozen=True, slots=True)
class RequestStart:
    """RemoteStartTransaction / RequestStartTransaction. `charging_profile` is JSON text in the version's own shape."""

    token: IdToken
    remote_start_id: int
    evse: EvseRef | None = None
    charging_profile: str | None = None


@dataclass(frozen=True, slots=True)
class RequestStop:
    transaction_id: str


@dataclass(frozen=True, slots=True)
class Reset:
    """`when` Immediate (1.6: Hard) or OnIdle (1.6: Soft)."""

    when: str
    evse: EvseRef | None = None


@dataclass(frozen=True, slots=True)
class UnlockConnector:
    evse: EvseRef


@dataclass(frozen=True, slots=True)
class TriggerMessage:
    message: str
    evse: EvseRef | None = None


@dataclass(frozen=True, slots=True)
class GetVariables:
    """1.6: configuration keys, () = all. 2.x: (component, variable) pairs, at least one."""

    names: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SetVariable:
    """One value, always text. 1.6: component "" and the key's name."""

    component: str
    variable: str
    value: str


@dataclass(frozen=True, slots=True)
class ChangeAvailability:
    """`operative` for one EVSE, or for the whole station when `evse` is None."""

    operative: bool
    evse: EvseRef | None = None


@dataclass(frozen=True, slots=True)
class GetBaseReport:
    """Full device model (2.x only): answered by NotifyReport parts."""

    request_id: int
    base: str = "FullInventory"


@dataclass(frozen=True, slots=True)
class GetLog:
    """GetDiagnostics (1.6) / GetLog: the station uploads to `url`."""

    url: str
    request_id: int
    since: datetime | None = None
    until: datetime | None = None
    log_type: str = "DiagnosticsLog"


@dataclass(frozen=True, slots=True)
class UpdateFirmware:
    """`retrieve_at` to the second, UTC."""

    url: str
    request_id: int
    retrieve_at: datetime


@dataclass(frozen=True, slots=True)
class ClearCache:
    pass


@dataclass(frozen=True, slots=True)
class SetChargingProfile:
    """One limit from now on. `evse` None is the whole station; `purpose` TxProfile, TxDefaultProfile or
    ChargingStationMaxProfile; `kind` Absolute (with its `start`) or Relative; `limit` in `unit`: W, or A per phase. A TxProfile may name its
    transaction."""

    evse: EvseRef | None
    profile_id: int
    purpose: str
    kind: str
    unit: str
    limit: int
    stack_level: int = 0
    start: datetime | None = None
    until: datetime | None = None
    transaction_id: str | None = None


@dataclass(frozen=True, slots=True)
class ClearChargingProfile:
    profile_id: int


@dataclass(frozen=True, slots=True)
class GetCompositeSchedule:
    """What holds for the next `duration` seconds, in `unit` (W or A)."""

    evse: EvseRef | None
    duration: int
    unit: str


@dataclass(frozen=True, slots=True)
class RawCall:
    """`payload` is JSON text, sent member for member as given (behaviour.md 2)."""

    action: str
    payload: str


Command = (
    RequestStart
    | RequestStop
    | Reset
    | UnlockConnector
    | TriggerMessage
    | GetVariables
    | SetVariable
    | ChangeAvailability
    | GetBaseReport
    | GetLog
    | UpdateFirmware
    | ClearCache
    | SetChargingProfile
    | ClearChargingProfile
    | GetCompositeSchedule
    | RawCall
)
COMMANDS: tuple[type, ...] = Command.__args__
