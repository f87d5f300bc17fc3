"""What we answer. One reply per event, in the order of the events."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from .commands import Command
from .values import StationRef


@dataclass(frozen=True, slots=True)
class Admitted:
    """`assumed`: what to speak with a station that offered no subprotocol of ours, "" to close the connection."""

    station: StationRef
    epoch: int
    assumed: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """`http_status` 404 unknown identity, 401 wrong or missing credentials."""

    http_status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Done:
    """An empty answer."""


DONE = Done()


@dataclass(frozen=True, slots=True)
class NextCommand:
    """The command to send now, already marked as sent; None when the outbox is empty."""

    id: int = 0
    command: Command | None = None
    timeout_s: int = 30


NOTHING_TO_SEND = NextCommand()


@dataclass(frozen=True, slots=True)
class WorkWaiting:
    """Stations with a pending command (primary keys)."""

    stations: frozenset[int]


@dataclass(frozen=True, slots=True)
class BootAnswer:
    """`status` Accepted, Pending or Rejected; `interval` in seconds, ≥ 60."""

    status: str
    current_time: datetime
    interval: int


@dataclass(frozen=True, slots=True)
class HeartbeatAnswer:
    current_time: datetime


@dataclass(frozen=True, slots=True)
class Authorization:
    """What a station is told of a token, in 2.x words: Accepted, Blocked, Expired, Invalid, Unknown, ConcurrentTx,
    NoCredit, NotAtThisLocation … (the 1.6 adapter folds them). `group` is the parent id tag / groupIdToken."""

    status: str
    group: str = ""
    expires_at: datetime | None = None
    token: str = ""

    @property
    def accepted(self) -> bool:
        return self.status == "Accepted"


@dataclass(frozen=True, slots=True)
class TransactionAnswer:
    """`transaction_id` is the one that the station shall use; `total_cost` incl. VAT, None = unknown (2.0.1 E02)."""

    transaction_id: str = ""
    authorization: Authorization | None = None
    total_cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DataTransferAnswer:
    status: str
    data: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """We could not do it: becomes a CALLERROR with this code, so that the station tries again."""

    code: str
    text: str


Reply = (
    Admitted
    | Refused
    | Done
    | NextCommand
    | WorkWaiting
    | BootAnswer
    | HeartbeatAnswer
    | Authorization
    | TransactionAnswer
    | DataTransferAnswer
    | Failed
)
