"""One thing that is known about a session: what a station told us, or what we noticed or decided ourselves."""

from datetime import UTC, datetime
from typing import Final, NamedTuple

from sessions_app.metering.normalise import Measured

STARTED: Final = "started"
UPDATED: Final = "updated"
ENDED: Final = "ended"
METERED: Final = "metered"  # a reading outside of any transaction, attributed by EVSE
BOUNDED: Final = "bounded"  # ours: a later start on the same EVSE, at `occurred_at` with that start's `meter`
CLOSED: Final = "closed"  # ours: a person closed the session in our books, as of `occurred_at`
DOUBTED: Final = "doubted"  # ours: nobody has heard of it for too long
AGED: Final = "aged"  # ours: so long that it counts as ended, until the station speaks of it again (quirk 49)
CORRECTED: Final = "corrected"  # ours: a person says how much it was (`meter`, mWh) and when it ended (`occurred_at`)
FLAGGED: Final = "flagged"  # ours: `reasons` to look at it that need more than its own words (services.checks)
ACCEPTED: Final = "accepted"  # ours: a person has looked at `reasons` and lets it stand
DISCARDED: Final = "discarded"  # ours: a person says that it was no charge

OURS: Final = frozenset({BOUNDED, CLOSED, DOUBTED, AGED, CORRECTED, FLAGGED, ACCEPTED, DISCARDED})

_RANK = {STARTED: 0, UPDATED: 1, METERED: 1, ENDED: 2} | dict.fromkeys(OURS, 3)

Key = tuple[int, int, int, int, int]


class Evidence(NamedTuple):
    """Immutable. `occurred_at` is the clock of who said it, `received_at` ours. `meter` is meterStart or meterStop in mWh.
    `told` is what the station was answered about the token, `again` that it uses the id of an earlier transaction again.
    `digest` stands for the content: two messages with the same place in the transaction and the same digest are one."""

    kind: str
    occurred_at: datetime
    received_at: datetime
    seq_no: int | None = None
    evse_id: int | None = None
    connector_id: int | None = None
    token: str = ""
    meter: int | None = None
    readings: tuple[Measured, ...] = ()
    reason: str = ""
    trigger: str = ""
    charging_state: str = ""
    remote_start_id: int | None = None
    reservation_id: int | None = None
    told: str = ""
    again: bool = False
    digest: int = 0
    reasons: tuple[str, ...] = ()


def place(evidence: Evidence) -> Key:
    """Where it belongs in its transaction, whenever it arrived: the start first, the stop last, in between by the station's
    sequence number, then by its clock (OCPP 2.0.1 E: order by seqNo, then timestamp). Ties go to the lower register."""
    readings = evidence.readings
    return (
        _RANK[evidence.kind],
        evidence.seq_no or 0,
        _milliseconds(evidence.occurred_at),
        (readings[0].register or 0) if readings else 0,
        evidence.digest,
    )


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _milliseconds(at: datetime) -> int:
    since = at - _EPOCH
    return since.days * 86_400_000 + since.seconds * 1_000 + since.microseconds // 1_000
