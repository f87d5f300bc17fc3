"""Clocks that are wrong, and times that are none."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from .behaviour import METER, Behaviour, Frame, Payload
from .samples import values

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class StandsIn1970(Behaviour):
    """The clock was never set: it counts from the epoch at the first look."""

    def __init__(self) -> None:
        self.first: datetime | None = None

    def stamp(self, at: datetime) -> datetime:
        self.first = self.first or at
        return EPOCH + (at - self.first)


class IsOff(Behaviour):
    """Whole hours ahead: a wrong zone."""

    def __init__(self, hours: int = 2) -> None:
        self.by = timedelta(hours=hours)

    def stamp(self, at: datetime) -> datetime:
        return at + self.by


class KeepsLocalTime(Behaviour):
    """The wall clock of its site written as if it were UTC: its offset changes with summer time."""

    def __init__(self, zone: str = "Europe/Rome") -> None:
        self.zone = ZoneInfo(zone)

    def stamp(self, at: datetime) -> datetime:
        return at.astimezone(self.zone).replace(tzinfo=UTC)


class Drifts(Behaviour):
    """Right at the first look, then ahead by more every day; nothing ever sets it."""

    def __init__(self, seconds_a_day: int = 60) -> None:
        self.pace = seconds_a_day
        self.first: datetime | None = None

    def stamp(self, at: datetime) -> datetime:
        self.first = self.first or at
        return at + (at - self.first) * self.pace / timedelta(days=1).total_seconds()


def absurd_year(payload: Payload) -> None:
    payload["timestamp"] = "222222017" + payload["timestamp"][4:]


class StampsOnce(Behaviour):
    """Every reading of a connection bears the time of the first one."""

    def __init__(self) -> None:
        self.first = ""

    def frames(self, frame: Frame) -> list[Frame]:
        for value in values(frame.payload) if frame.about == METER else ():
            self.first = self.first or value["timestamp"]
            value["timestamp"] = self.first
        return [frame]
