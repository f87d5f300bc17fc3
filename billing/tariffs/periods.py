"""What is priced: stretches of time with a state and an energy."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from . import exact

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


class State(StrEnum):
    """CHARGING includes pauses made by the station; PARKING: the *vehicle* asks for no power (CdrDimensionType, as
    corrected on 28 May 2026); RESERVATION: before the session."""

    CHARGING = "CHARGING"
    PARKING = "PARKING"
    RESERVATION = "RESERVATION"


@dataclass(frozen=True, slots=True)
class Period:
    """`energy_wh` flows evenly from `start` to `end` (aware times). `power_w` and `current_a` (sum of the phases) are the
    instantaneous values that restrictions look at; without `power_w` the period's average stands in, without `current_a`
    an element restricted by current does not match (nothing known, nothing assumed)."""

    start: datetime
    end: datetime
    state: State = State.CHARGING
    energy_wh: Decimal | Fraction = Decimal(0)
    power_w: Decimal | int | None = None
    current_a: Decimal | int | None = None

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"a period ends before it starts: {self.start} {self.end}")
        if self.energy_wh < 0:
            raise ValueError(f"a period with negative energy: {self.start} {self.energy_wh} Wh")


def microseconds(at: datetime) -> int:
    """Since 1970, exactly."""
    return (at - _EPOCH) // _US


def moment(us: int | Fraction) -> datetime:
    """The inverse, cut to the microsecond."""
    return _EPOCH + timedelta(microseconds=int(us))


def milliwatt_hours(wh: Decimal | Fraction) -> int | Fraction:
    """An int wherever the meter's precision allows: integers are ten times faster than fractions."""
    if isinstance(wh, Decimal) and (milli := wh * 1000) == (whole := int(milli)):
        return whole
    return whole_if_it_is(exact.number(wh) * 1000)


def whole_if_it_is(value: Fraction | int) -> int | Fraction:
    return value.numerator if value.denominator == 1 else value
