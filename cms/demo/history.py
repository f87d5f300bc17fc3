"""Makes up what happened: who charged where, when, with what readings, and what broke. Pure; the same seed, the same past.

Times are aware UTC, registers whole Wh. Nothing here knows of rows or events: `retelling` tells it to the central system.
"""

import bisect
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from stations.simulator import people
from stations.simulator.battery import Car

from .places import Station

READING_EVERY = timedelta(minutes=5)
OUTAGE_EVERY = timedelta(days=11)
FLAKY_OUTAGE_EVERY = timedelta(hours=20)
FAULT_EVERY = timedelta(days=13)
FAULTS = (
    ("EVCommunicationError", "E-021"),
    ("GroundFailure", "E-008"),
    ("HighTemperature", "E-054"),
    ("ConnectorLockFailure", "E-033"),
    ("OtherError", "E-099"),
)
EMPTY_SHARE = 0.012
"""Charges that never got going."""
ROME = ZoneInfo("Europe/Rome")


class Reading(NamedTuple):
    at: datetime
    register: int
    power_w: int
    soc: int


@dataclass(slots=True)
class Charge:
    """`ended_at` None: it still runs. `full_at`: the battery wanted no more. `by_card`: ended with the card, not the cable.
    `stop_is_lost`: the central system never hears of its end."""

    station: Station
    socket: int
    token: str
    started_at: datetime
    meter_start: int
    readings: list[Reading] = field(default_factory=list)
    full_at: datetime | None = None
    ended_at: datetime | None = None
    by_card: bool = False
    reason: str = ""
    stop_is_lost: bool = False

    @property
    def meter_stop(self) -> int:
        return self.readings[-1].register if self.readings else self.meter_start


class Condition(NamedTuple):
    """A status of a socket, in the words of 1.6."""

    at: datetime
    station: Station
    socket: int
    status: str
    error_code: str = "NoError"
    vendor_code: str = ""


class Outage(NamedTuple):
    """The line was down; `until` None: it still is."""

    start: datetime
    until: datetime | None


@dataclass(slots=True)
class Past:
    """Everything that happened to one operator's stations, charges in the order of their start."""

    charges: list[Charge] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    outages: dict[str, list[Outage]] = field(default_factory=dict)


@dataclass(slots=True)
class _Socket:
    station: Station
    number: int
    register: int
    free_at: datetime
    closed: list[tuple[datetime, datetime]] = field(default_factory=list)

    def open_between(self, start: datetime, end: datetime) -> bool:
        return self.free_at <= start and not any(a < end and start < b for a, b in self.closed)


class Pockets:
    """Cards by place: those who live nearby come more often. A card charges once at a time; `busy` is shared by all places."""

    def __init__(
        self,
        rng: random.Random,
        near: Sequence[str],
        everybody: Sequence[str],
        busy: dict[str, list[tuple[datetime, datetime]]],
    ) -> None:
        self._rng = rng
        self._pool = [*(list(near) * 5), *everybody]
        self._busy = busy

    def take(self, start: datetime, end: datetime) -> str | None:
        """A card that is free in between, and is not any more."""
        for _ in range(12):
            token = self._rng.choice(self._pool)
            times = self._busy.setdefault(token, [])
            place = bisect.bisect(times, (start, end))
            before_ends = place == 0 or times[place - 1][1] <= start
            if before_ends and (place == len(times) or end <= times[place][0]):
                times.insert(place, (start, end))
                return token
        return None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A charge that must be running at the end: who, where, since when, with which car."""

    identity: str
    socket: int
    token: str
    since: timedelta
    car: Car


def make(
    stations: Sequence[Station],
    pockets: dict[str, Pockets],
    *,
    start: datetime,
    now: datetime,
    rng: random.Random,
    wanted: Sequence[Wanted] = (),
) -> Past:
    """The past of some stations between `start` and `now`. `pockets` by the station's identity."""
    past = Past()
    for station in stations:
        own = random.Random(rng.random())  # noqa: S311 - a made-up past, not a secret
        past.outages[station.identity] = _outages(station, start, now, own)
        wishes = [wish for wish in wanted if wish.identity == station.identity]
        sockets = _sockets(station, start, now, own, wishes)
        past.conditions += _weather(station, sockets, start, now, own)
        past.charges += _visits(station, sockets, pockets[station.identity], start, now, own)
        past.charges += [_wished(wish, sockets[wish.socket - 1], now, own) for wish in wishes]
        past.charges += _failures(station, sockets, pockets[station.identity], now, own)
    past.charges.sort(key=lambda charge: charge.started_at)
    for charge in past.charges:
        past.conditions += _told(charge)
    past.conditions = sorted((c for c in past.conditions if c.at <= now), key=lambda condition: condition.at)
    return past


# ---- a station's weather ------------------------------------------------------------------------------------------------


def _sockets(
    station: Station, start: datetime, now: datetime, rng: random.Random, wishes: Sequence[Wanted]
) -> list[_Socket]:
    sockets = [
        _Socket(station, n, rng.randrange(200_000, 9_000_000), start) for n in range(1, station.hardware.connectors + 1)
    ]
    forever = now + timedelta(days=1)
    for number, (_code, _vendor, since) in station.broken.items():
        sockets[number - 1].closed.append((now - since - timedelta(minutes=5), forever))
    for number in station.out_of_service:
        sockets[number - 1].closed.append((now - timedelta(days=3, hours=2), forever))
    for wish in wishes:
        sockets[wish.socket - 1].closed.append((now - wish.since - timedelta(minutes=5), forever))
    return sockets


def _outages(station: Station, start: datetime, now: datetime, rng: random.Random) -> list[Outage]:
    every = FLAKY_OUTAGE_EVERY if station.flaky else OUTAGE_EVERY
    found = []
    at = start + timedelta(seconds=rng.expovariate(1 / every.total_seconds()))
    latest = now - timedelta(hours=3)
    while at < latest:
        until = at + timedelta(minutes=rng.triangular(3, 90, 12))
        found.append(Outage(at, min(until, latest)))
        at = until + timedelta(seconds=rng.expovariate(1 / every.total_seconds()))
    if station.unreachable_for:
        found.append(Outage(now - station.unreachable_for, None))
    return found


def _weather(
    station: Station, sockets: Sequence[_Socket], start: datetime, now: datetime, rng: random.Random
) -> list[Condition]:
    """Faults that came and went, those that stay, and what was taken out of service."""
    found = []
    for socket in sockets:
        found.append(Condition(start, station, socket.number, "Available"))
        at = start + timedelta(seconds=rng.expovariate(1 / FAULT_EVERY.total_seconds()))
        while at < now - timedelta(days=1):
            until = at + timedelta(minutes=rng.triangular(15, 300, 45))
            socket.closed.append((at, until))
            code, vendor = rng.choice(FAULTS)
            found.append(Condition(at, station, socket.number, "Faulted", code, vendor))
            found.append(Condition(until, station, socket.number, "Available"))
            at = until + timedelta(seconds=rng.expovariate(1 / FAULT_EVERY.total_seconds()))
        if socket.number in station.broken:
            code, vendor, since = station.broken[socket.number]
            found.append(Condition(now - since + timedelta(seconds=6), station, socket.number, "Faulted", code, vendor))
        if socket.number in station.out_of_service:
            found.append(Condition(now - timedelta(days=3), station, socket.number, "Unavailable"))
    return found


# ---- people and their cars --------------------------------------------------------------------------------------------


def _visits(
    station: Station, sockets: Sequence[_Socket], pockets: Pockets, start: datetime, now: datetime, rng: random.Random
) -> Iterator[Charge]:
    dc = station.hardware.dc
    heard_until = now - (station.unreachable_for or timedelta())
    for arrival in people.arrivals(rng, start, heard_until, ROME, per_day=station.visits, dc=dc):
        visit = people.visit(rng, dc=dc)
        last = arrival + visit.leaves_after
        free = [socket for socket in sockets if socket.open_between(arrival, last)]
        token = pockets.take(arrival, last) if free else None
        if token is None:
            continue
        socket = rng.choice(free)
        if rng.random() < EMPTY_SHARE:
            charge = _empty(socket, token, arrival, rng, timedelta(minutes=rng.uniform(1, 5)))
        else:
            charge = _charge(socket, token, arrival, visit, heard_until, rng)
        socket.free_at = (charge.ended_at or now + timedelta(days=1)) + timedelta(minutes=1)
        yield charge


def _charge(
    socket: _Socket, token: str, arrival: datetime, visit: people.Visit, now: datetime, rng: random.Random
) -> Charge:
    """Readings each five minutes until the battery is full, or its driver comes back, or now."""
    charge = Charge(socket.station, socket.number, token, _whole(arrival), socket.register, by_card=visit.by_card)
    car, hardware = visit.car, socket.station.hardware
    leaves = _whole(arrival + visit.leaves_after)
    at, register = charge.started_at, float(socket.register)
    while True:
        step = min(READING_EVERY, leaves - at)
        power = min(car.accepts_w(dc=hardware.dc), hardware.max_w) * rng.uniform(0.985, 1.0)
        wh = power * step.total_seconds() / 3600
        taken = car.take(wh)
        register += taken
        if car.full and charge.full_at is None:
            charge.full_at = _whole(at + step * (taken / wh if wh else 0))
            leaves = min(leaves, charge.full_at + visit.lingers)
        at += step
        if at > now:
            break
        charge.readings.append(Reading(at, int(register), 0 if car.full else round(power), round(car.soc * 100)))
        if at >= leaves:
            charge.ended_at = at
            charge.reason = "Local" if visit.by_card else "EVDisconnected"
            break
    if charge.full_at and charge.full_at > now:
        charge.full_at = None
    socket.register = charge.meter_stop
    return charge


def _empty(
    socket: _Socket, token: str, at: datetime, rng: random.Random, lasted: timedelta, reason: str = ""
) -> Charge:
    """Plugged in, accepted, and nothing flowed."""
    started = _whole(at)
    ended = _whole(at + lasted)
    charge = Charge(socket.station, socket.number, token, started, socket.register, ended_at=ended)
    charge.reason = reason or rng.choice(("EVDisconnected", "Local", "Other"))
    charge.readings.append(Reading(ended, socket.register, 0, rng.randrange(15, 80)))
    return charge


def _wished(wish: Wanted, socket: _Socket, now: datetime, rng: random.Random) -> Charge:
    visit = people.Visit(wish.car, timedelta(hours=2), timedelta(hours=9), by_card=True)
    return _charge(socket, wish.token, now - wish.since, visit, now, rng)


def _failures(
    station: Station, sockets: Sequence[_Socket], pockets: Pockets, now: datetime, rng: random.Random
) -> Iterator[Charge]:
    """On a socket that broke today people tried, and nothing flowed."""
    for number, (_code, _vendor, since) in station.broken.items():
        first = now - since
        for at in (first, first + since * 0.45, first + since * 0.7):
            token = pockets.take(at, at + timedelta(minutes=10))
            if token is not None:
                lasted = timedelta(seconds=rng.uniform(4, 40))
                yield _empty(sockets[number - 1], token, at, rng, lasted, "Other")


def _told(charge: Charge) -> Iterator[Condition]:
    """The statuses around a charge. A broken socket says nothing else."""
    if charge.reason == "Other" and charge.socket in charge.station.broken:
        return
    station, socket = charge.station, charge.socket
    yield Condition(charge.started_at, station, socket, "Charging")
    if charge.full_at and (charge.ended_at is None or charge.ended_at - charge.full_at > timedelta(minutes=1)):
        yield Condition(charge.full_at, station, socket, "SuspendedEV")
    if charge.ended_at:
        yield Condition(charge.ended_at + timedelta(seconds=25), station, socket, "Available")


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)
