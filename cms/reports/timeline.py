"""PURE: how a connector spent its time, hour by hour. Instants are Unix seconds (int), intervals half open [start, end)."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

HOUR = 3600
DOWN = frozenset({"Faulted", "Unavailable"})
TAKEN = frozenset({"Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing", "Occupied", "Reserved"})


class Interval(NamedTuple):
    start: int
    end: int


class Status(NamedTuple):
    """From `at` on the connector said `word` (1.6 and 2.x words alike)."""

    at: int
    word: str


class Seconds(NamedTuple):
    """How the seconds of one hour were spent."""

    charging: int = 0
    idle: int = 0
    free: int = 0
    down: int = 0


def hours(
    window: Interval, *, statuses: Sequence[Status], online: Sequence[Interval], charging: Sequence[Interval]
) -> dict[int, Seconds]:
    """Hour start → seconds by state, for the hours of `window` in which the connector was known.

    A charge under way counts as charging, whatever else is said; then unreachable, faulted and out of service are down;
    then a car without a charge is idle; the rest is free. `statuses` in order of time, those before the window included.
    """
    if not statuses:
        return {}
    known = Interval(max(window.start, statuses[0].at), window.end)
    if known.start >= known.end:
        return {}
    spent: dict[int, list[int]] = {}
    places = {"charging": 0, "idle": 1, "free": 2, "down": 3}
    for start, end in pairwise(_cuts(known, statuses, online, charging)):
        state = _state(start, statuses, online, charging)
        spent.setdefault(start - start % HOUR, [0, 0, 0, 0])[places[state]] += end - start
    return {hour: Seconds(*seconds) for hour, seconds in spent.items()}


def spread(amount: int, over: Interval) -> dict[int, int]:
    """`amount` shared evenly by time over the hours that `over` touches; the parts add up to it exactly."""
    if over.end <= over.start:
        return {over.start - over.start % HOUR: amount}
    cuts = [over.start, *range(over.start - over.start % HOUR + HOUR, over.end, HOUR), over.end]
    shares, given = {}, 0
    for start, end in pairwise(cuts):
        upto = amount * (end - over.start) // (over.end - over.start)
        shares[start - start % HOUR] = upto - given
        given = upto
    return shares


def _cuts(
    known: Interval, statuses: Sequence[Status], online: Iterable[Interval], charging: Iterable[Interval]
) -> list[int]:
    """Every instant at which something changes or an hour begins, in order."""
    instants = {known.start, known.end, *range(known.start - known.start % HOUR + HOUR, known.end, HOUR)}
    instants.update(status.at for status in statuses)
    for interval in (*online, *charging):
        instants.update(interval)
    return sorted(instant for instant in instants if known.start <= instant <= known.end)


def _state(at: int, statuses: Sequence[Status], online: Iterable[Interval], charging: Iterable[Interval]) -> str:
    if any(start <= at < end for start, end in charging):
        return "charging"
    word = next(status.word for status in reversed(statuses) if status.at <= at)
    if word in DOWN or not any(start <= at < end for start, end in online):
        return "down"
    return "idle" if word in TAKEN else "free"
