"""One way to misbehave: what goes on the wire instead, what the clock shows, what the hardware does by itself."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..hardware import Connector
    from ..station import Station

START, STOP, METER = "started", "ended", "metered"
Payload = dict[str, Any]


@dataclass(slots=True)
class Frame:
    """One CALL about to be sent, in the wire's own camelCase. `message_id` "" lets the line choose one."""

    action: str
    payload: Any
    message_id: str = ""

    @property
    def about(self) -> str:
        """START, STOP or METER for what concerns a transaction, in either version, else ""."""
        if self.action == "TransactionEvent":
            return {"Started": START, "Ended": STOP}.get(self.payload["eventType"], METER)
        return {"StartTransaction": START, "StopTransaction": STOP, "MeterValues": METER}.get(self.action, "")

    def copy(self) -> "Frame":
        return Frame(self.action, deepcopy(self.payload))


class Behaviour:
    """A well-behaved station: one frame as it is, the clock as it is, every answer understood."""

    heeds_refusals = True
    """Ends what was refused (StopTransactionOnInvalidId)."""
    begins_remotely = True
    """Does what it promised when it accepted a remote start."""

    applies_profiles = True
    """Obeys a charging profile that it accepted."""
    clears_profiles = True
    keeps_profiles = True
    """Over a boot."""

    def takes(self, profile: Payload) -> bool:
        """Whether it accepts a charging profile, in the `ocpp` package's snake case."""
        return True

    def frames(self, frame: Frame) -> list[Frame]:
        """What is sent instead of `frame`, in order; [] loses it."""
        return [frame]

    def stamp(self, at: datetime) -> datetime:
        """What the station's clock shows at `at`."""
        return at

    def understands(self, action: str, answer: Payload) -> Payload:
        """What it makes of the answer to `action`."""
        return answer

    async def sampled(self, station: "Station", connector: "Connector") -> None:
        """What happens to a running transaction after a reading."""


class Repeats(Behaviour):
    """The same message again, with a new id, because the answer got lost."""

    def __init__(self, *about: str, times: int = 2) -> None:
        self.about, self.times = about, times

    def frames(self, frame: Frame) -> list[Frame]:
        return [frame.copy() for _ in range(self.times)] if frame.about in self.about else [frame]


class Loses(Behaviour):
    """Every message of a kind never arrives: a lost stop leaves a transaction open when the next one starts."""

    def __init__(self, *about: str) -> None:
        self.about = about

    def frames(self, frame: Frame) -> list[Frame]:
        return [] if frame.about in self.about else [frame]


class Rewrites(Behaviour):
    """Changes the payload of some messages in place."""

    def __init__(self, change: Callable[[Payload], None], *about: str) -> None:
        self.about, self.change = about, change

    def frames(self, frame: Frame) -> list[Frame]:
        if frame.about in self.about:
            self.change(frame.payload)
        return [frame]
