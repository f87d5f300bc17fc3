"""How real stations misbehave, as parts that can be combined: each changes what goes on the wire, nothing else.

Named after the rows of the field notes ("Q34" is a repeated StartTransaction); `named` reads what a person typed.
"""

import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INT64_MAX = 2**63 - 1
START, STOP, METER = "started", "ended", "metered"


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
    """A well-behaved station: one frame as it is, the clock as it is."""

    def frames(self, frame: Frame) -> list[Frame]:
        """What is sent instead of `frame`, in order; [] loses it."""
        return [frame]

    def stamp(self, at: datetime) -> datetime:
        """What the station's clock shows at `at`."""
        return at


class Repeats(Behaviour):
    """The same message again, with a new id, because the answer got lost."""

    def __init__(self, *about: str, times: int = 2) -> None:
        self.about, self.times = about, times

    def frames(self, frame: Frame) -> list[Frame]:
        return [frame.copy() for _ in range(self.times)] if frame.about in self.about else [frame]


class StartsAgainAfterStop(Behaviour):
    """The start of a transaction once more after its stop was answered."""

    def __init__(self) -> None:
        self.start: Frame | None = None

    def frames(self, frame: Frame) -> list[Frame]:
        if frame.about == START:
            self.start = frame.copy()
        again = self.start if frame.about == STOP else None
        return [frame, again.copy()] if again else [frame]


class Loses(Behaviour):
    """Every message of a kind never arrives: a lost stop leaves a transaction open when the next one starts."""

    def __init__(self, *about: str) -> None:
        self.about = about

    def frames(self, frame: Frame) -> list[Frame]:
        return [] if frame.about in self.about else [frame]


class Rewrites(Behaviour):
    """Changes the payload of some messages in place."""

    def __init__(self, about: str, change: Callable[[dict[str, Any]], None]) -> None:
        self.about, self.change = about, change

    def frames(self, frame: Frame) -> list[Frame]:
        if frame.about == self.about:
            self.change(frame.payload)
        return [frame]


class NullPayloads(Behaviour):
    """`null` where an empty object belongs."""

    def frames(self, frame: Frame) -> list[Frame]:
        return [Frame(frame.action, None, frame.message_id)] if frame.payload == {} else [frame]


class RestartsMessageIds(Behaviour):
    """Message ids count from 1 and start over at each connection."""

    def __init__(self) -> None:
        self.count = 0

    def frames(self, frame: Frame) -> list[Frame]:
        self.count = 1 if frame.action == "BootNotification" else self.count + 1
        return [Frame(frame.action, frame.payload, str(self.count))]


class StandsIn1970(Behaviour):
    """The clock was never set: it counts from the epoch at the first look."""

    def __init__(self) -> None:
        self.first: datetime | None = None

    def stamp(self, at: datetime) -> datetime:
        self.first = self.first or at
        return EPOCH + (at - self.first)


class ClockIsOff(Behaviour):
    """Local time written as if it were UTC."""

    def __init__(self, hours: int = 2) -> None:
        self.by = timedelta(hours=hours)

    def stamp(self, at: datetime) -> datetime:
        return at + self.by


def _transaction(payload: dict[str, Any], number: int) -> None:
    if "transactionId" in payload:
        payload["transactionId"] = number


def _own_id(payload: dict[str, Any]) -> None:
    _transaction(payload, int(time.time()))


def _no_tag(payload: dict[str, Any]) -> None:
    payload.pop("idTag", None)
    payload.pop("idToken", None)


def _fractional_meter(payload: dict[str, Any]) -> None:
    for member in ("meterStart", "meterStop"):
        if member in payload:
            payload[member] += 0.333


def _energy_samples(payload: dict[str, Any]) -> list[dict[str, Any]]:
    samples = [s for value in payload.get("meterValue") or () for s in value["sampledValue"]]
    return [s for s in samples if s.get("measurand", "").startswith("Energy.Active.Import")]


def _kwh_called_wh(payload: dict[str, Any]) -> None:
    for sample in _energy_samples(payload):
        kwh = Decimal(str(sample["value"])) / 1000
        sample["value"] = f"{kwh:.2f}" if isinstance(sample["value"], str) else float(round(kwh, 2))
        sample.pop("unit", None)
        sample.pop("unitOfMeasure", None)


def _kwh_with_unit(payload: dict[str, Any]) -> None:
    for sample in _energy_samples(payload):
        kwh = Decimal(str(sample["value"])) / 1000
        if isinstance(sample["value"], str):
            sample.update(value=f"{kwh:.3f}", unit="kWh")
        else:
            sample.update(value=float(kwh), unitOfMeasure={"unit": "kWh"})


def _single_object(payload: dict[str, Any]) -> None:
    if len(payload.get("meterValue") or ()) == 1:
        payload["meterValue"] = payload["meterValue"][0]


QUIRKS: dict[str, Callable[[], Behaviour]] = {
    "Q27": StandsIn1970,
    "Q28": ClockIsOff,
    "Q34": lambda: Repeats(START, times=3),
    "Q35": StartsAgainAfterStop,
    "Q36": lambda: Loses(STOP),
    "Q37": lambda: Rewrites(STOP, lambda payload: _transaction(payload, -1)),
    "Q38": lambda: Rewrites(METER, lambda payload: _transaction(payload, INT64_MAX)),
    "Q39": lambda: Rewrites(METER, _own_id),
    "Q40": lambda: Rewrites(START, lambda payload: payload.update(reservationId=0)),
    "Q41": NullPayloads,
    "Q42": lambda: Rewrites(STOP, _no_tag),
    "Q43": lambda: Rewrites(STOP, _fractional_meter),
    "Q58": lambda: Rewrites(METER, _single_object),
    "Q60": lambda: Rewrites(METER, _kwh_called_wh),
    "Q88": RestartsMessageIds,
}
QUIRKS |= {
    "clock-1970": QUIRKS["Q27"],
    "duplicates": lambda: Repeats(START, STOP, METER),
    "no-meter-values": lambda: Loses(METER),
    "kwh": lambda: Rewrites(METER, _kwh_with_unit),
    "kwh-as-wh": QUIRKS["Q60"],
}


def named(names: Sequence[str]) -> tuple[Behaviour, ...]:
    """The behaviours a person asked for, in that order. ValueError names what there is."""
    unknown = [name for name in names if name not in QUIRKS]
    if unknown:
        raise ValueError(f"unknown quirk {', '.join(unknown)}; there are {', '.join(QUIRKS)}")
    return tuple(QUIRKS[name]() for name in names)
