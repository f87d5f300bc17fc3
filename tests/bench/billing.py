"""A billing run beside the loop that anybody would write first: a transaction and a dozen queries for each session.

    make bench-billing
    python -m tests.bench.billing --sessions 20000
    DATABASE_URL=postgres://… make bench-billing

Makes ended sessions with their evidence in a database of its own (SQLite in a file, or one beside DATABASE_URL that is dropped
again), each with three lines: a start fee, energy, parking. Rates them all in chunks, then a sample of them one by one with the
ORM. What no database sees, from the stretches of a session to its rounded and explained lines, is the pricing function: its time is taken
apart. Figures are processor time of this process, which other load does not move, in µs per session; what a PostgreSQL server
does meanwhile shows in the seconds by the clock only. Prints the memory at every tenth, and what a price quote costs.
"""

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from . import cpu

STATIONS, DRIVERS, SHAPES = 2_000, 500, 400
BEGAN = datetime(2026, 6, 1, tzinfo=UTC)
AT_LEAST, MOST_PRICING_US, MOST_QUOTE_MS, MOST_GROWTH = 15, 500, 2, 0.1


class Rated(NamedTuple):
    """Seconds by the clock, of this process's processor time, and of that in the pricing function; memory in bytes after each
    tenth."""

    sessions: int
    wall_s: float
    cpu_s: float
    pricing_s: float
    resident: tuple[int, ...] = ()

    @property
    def pricing_us(self) -> float:
        return self.pricing_s / self.sessions * 1e6

    @property
    def rest_us(self) -> float:
        return (self.cpu_s - self.pricing_s) / self.sessions * 1e6


class Stopwatch:
    """Sums what wrapped functions take, those called from one another once, in seconds of processor time."""

    def __init__(self) -> None:
        self.spent = 0.0
        self._inside = False

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            if self._inside:
                return function(*args, **kwargs)
            self._inside = True
            began = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.spent += time.process_time() - began
                self._inside = False

        return timed


# ---- the world -----------------------------------------------------------------------------------------------------------


def world(sessions: int) -> Any:
    """An operator with a tariff of three lines, stations, drivers, and ended sessions. Returns the tariff's version."""
    from accounts.models import Operator
    from billing.services.prices import tariffs

    operator = Operator.objects.create(name="Bench", slug="bench")
    version = tariffs.create(
        operator=operator, name="Bench", elements=_elements(), valid_from=BEGAN - timedelta(days=400), by=None
    )
    stations, people = _stations(operator), _drivers(operator)
    _sessions(sessions, operator, stations, people)
    return version


def _elements() -> list[dict[str, Any]]:
    def priced(kind: str, price: str, step: int) -> dict[str, Any]:
        return {"price_components": [{"type": kind, "price": Decimal(price), "vat": 22, "step_size": step}]}

    return [
        priced("FLAT", "0.35", 0),
        priced("ENERGY", "0.49", 1),
        {**priced("PARKING_TIME", "6.00", 60), "restrictions": {"min_parking_duration": 300}},
    ]


def _stations(operator: Any) -> list[tuple[int, int]]:
    """(station, location) by primary keys."""
    from stations.models import EVSE, ChargingStation, Connector, Location

    place = Location.objects.create(operator=operator, name="Bench", city="Bologna", province="BO")
    stations = ChargingStation.objects.bulk_create(
        ChargingStation(operator=operator, location=place, identity=f"BENCH-{n:05d}") for n in range(STATIONS)
    )
    evses = EVSE.objects.bulk_create(
        EVSE(
            station=one, evse_id=1, uid=f"IT*BEN*E{n:05d}", short_code=f"{n:06d}", power_type="DC", max_power_w=150_000
        )
        for n, one in enumerate(stations)
    )
    Connector.objects.bulk_create(Connector(evse=one, connector_id=1, standard="IEC_62196_T2_COMBO") for one in evses)
    return [(one.pk, place.pk) for one in stations]


def _drivers(operator: Any) -> list[tuple[int, int, str]]:
    """(driver, token, uid)."""
    from accounts.models import Driver, Token, User

    users = User.objects.bulk_create(User(email=f"bench{n}@example.org") for n in range(DRIVERS))
    people = Driver.objects.bulk_create(Driver(operator=operator, user=user) for user in users)
    tokens = Token.objects.bulk_create(
        Token(operator=operator, driver=one, uid=f"BE{n:08X}", key=f"BE{n:08X}", type="ISO14443")
        for n, one in enumerate(people)
    )
    return [(token.driver_id, token.pk, token.uid) for token in tokens]


class Shape(NamedTuple):
    """A session as its evidence tells it: the columns of its row, and the rows of its evidence without their session."""

    columns: dict[str, Any]
    evidence: list[tuple[Any, ...]]


def _shape(number: int, tag: str) -> Shape:
    """Starts in the number-th part of a month; charges for a while, stays on."""
    from sessions_app.engine import project, reduce
    from sessions_app.engine.state import State
    from sessions_app.services import ledger
    from stations.vocabulary.events import TransactionEnded, TransactionStarted, TransactionUpdated
    from stations.vocabulary.values import EvseRef, IdToken, Reading, Sample, StationRef

    chance = random.Random(number)
    start = BEGAN + timedelta(minutes=number * (30 * 24 * 60 // SHAPES))
    wh, minutes, parked = chance.randrange(4_000, 60_000), chance.randrange(15, 90), chance.randrange(1, 40)
    meter = 1_000_000 + number

    def common(minute: float, seq: int) -> dict[str, Any]:
        at = start + timedelta(minutes=minute)
        station = StationRef(0, 1, "BENCH")
        told = {
            "station": station,
            "version": "ocpp2.0.1",
            "message_id": f"m{seq}",
            "occurred_at": at,
            "received_at": at,
        }
        return {**told, "seq_no": seq, "transaction_id": "bench", "evse": EvseRef(1, 1)}

    def read(minute: float, share: float, power: int | None = None) -> tuple[Reading, ...]:
        samples = [Sample("Energy.Active.Import.Register", Decimal(meter + round(wh * share)), "Wh")]
        if power is not None:
            samples.append(Sample("Power.Active.Import", Decimal(power), "W"))
        return (Reading(start + timedelta(minutes=minute), tuple(samples)),)

    power = wh * 60 // minutes
    events: list[Any] = [
        TransactionStarted(**common(0, 0), token=IdToken(tag), charging_state="Charging", readings=read(0, 0))
    ]
    events += [
        TransactionUpdated(
            **common(minutes * n / 4, n), charging_state="Charging", readings=read(minutes * n / 4, n / 4, power)
        )
        for n in range(1, 4)
    ]
    events.append(TransactionUpdated(**common(minutes, 4), charging_state="SuspendedEV", readings=read(minutes, 1, 0)))
    last = minutes + parked
    events.append(TransactionEnded(**common(last, 5), reason="EVDisconnected", readings=read(last, 1, 0)))
    state = State()
    entries = [ledger.of_transaction(event, "Accepted" if not place else "") for place, event in enumerate(events)]
    for entry in entries:
        reduce.take(state, entry.evidence)
    columns = project.project(state)._asdict() | {"state": state.dump()}
    return Shape(columns, [entry.row(None) for entry in entries])


def _sessions(count: int, operator: Any, stations: list[tuple[int, int]], people: list[tuple[int, int, str]]) -> None:
    from cms.core import rows
    from sessions_app.models import ChargingSession, Evidence
    from sessions_app.services import ledger

    shapes = [_shape(number, people[number % DRIVERS][2]) for number in range(SHAPES)]
    names = list(shapes[0].columns)
    own = (
        "id",
        "operator_id",
        "station_id",
        "location_id",
        "driver_id",
        "token_id",
        "ocpp_version",
        "transaction_id",
        "start_key",
        "created_at",
        "updated_at",
    )
    place, owner = ledger.COLUMNS.index("station_id"), ledger.COLUMNS.index("session_id")
    for first in range(0, count, 5_000):
        made, told = [], []
        for n in range(first, min(first + 5_000, count)):
            shape, (station, location) = shapes[n % SHAPES], stations[n // SHAPES % STATIONS]
            driver, token, _tag = people[n % SHAPES % DRIVERS]
            keys = (n + 1, operator.pk, station, location, driver, token, "2.0.1", f"t{n}", f"bench-{n}", BEGAN, BEGAN)
            made.append((*keys, *(shape.columns[name] for name in names)))
            for row in shape.evidence:
                mine = list(row)
                mine[place], mine[owner] = station, n + 1
                told.append(tuple(mine))
        rows.insert(ChargingSession, (*own, *names), made)
        rows.insert(Evidence, ledger.COLUMNS, told)


# ---- in chunks ------------------------------------------------------------------------------------------------------------


def in_chunks(sessions: int) -> Rated:
    """As the sweep does it: `rating.unrated` finds, `rating.rate_many` rates."""
    from billing.services.charges import rating

    watch, resident, done, after = Stopwatch(), [], 0, 0
    with _pricing_timed(watch):
        began, used = time.perf_counter(), time.process_time()
        while ids := rating.unrated(after=after):
            rating.rate_many(ids)
            after, before = ids[-1], done
            done += len(ids)
            if before * 10 // sessions != done * 10 // sessions:
                resident.append(cpu.private_bytes(os.getpid()))
        wall, cpu_s = time.perf_counter() - began, time.process_time() - used
    return Rated(sessions, wall, cpu_s, watch.spent, tuple(resident))


@contextmanager
def _pricing_timed(watch: Stopwatch) -> Iterator[None]:
    """`costing.cost`: from the stretches of a session to its rounded and explained lines."""
    from billing.services.charges import costing

    function = costing.cost
    costing.cost = watch.around(function)
    try:
        yield
    finally:
        costing.cost = function


# ---- the database ---------------------------------------------------------------------------------------------------------


@contextmanager
def _database(folder: Path) -> Iterator[None]:
    """A fresh one, with the tables of the product; nobody hears what is announced."""
    from django.db import connection

    from billing import signals

    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(folder / "bench.sqlite3")
    else:
        connection.settings_dict["TEST"]["NAME"] = f"bench_{uuid4().hex[:12]}"
    before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    receivers, signals.cdr_created.receivers = signals.cdr_created.receivers, []
    try:
        yield
    finally:
        signals.cdr_created.receivers = receivers
        connection.creation.destroy_test_db(before, verbosity=0)


def one_by_one(ids: Sequence[int]) -> Rated:
    from . import orm_loop

    watch = Stopwatch()
    with _pricing_timed(watch):
        began, used = time.perf_counter(), time.process_time()
        for pk in ids:
            orm_loop.rate(pk)
        wall, cpu_s = time.perf_counter() - began, time.process_time() - used
    return Rated(len(ids), wall, cpu_s, watch.spent)


def quotes(version: Any, count: int = 2_000) -> float:
    """Milliseconds (of the processor) of a price quote as the API and the simulator ask for it: stretches in, rounded lines out."""
    from zoneinfo import ZoneInfo

    from billing import pricing
    from billing.tariffs.periods import Period, State

    full = BEGAN + timedelta(minutes=45)
    told = [
        Period(BEGAN, full, State.CHARGING, Decimal(31_415)),
        Period(full, full + timedelta(minutes=20), State.PARKING),
    ]
    began = time.thread_time()
    for _ in range(count):
        pricing.quote(version, told, ZoneInfo("Europe/Rome"))
    return (time.thread_time() - began) / count * 1e3


def main() -> None:
    import django

    parser = argparse.ArgumentParser(prog="make bench-billing")
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--sample", type=int, default=1_000, help="sessions of the ORM loop")
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "cms.settings.test"
    django.setup()
    with tempfile.TemporaryDirectory(prefix="colonnina-bench-") as folder, _database(Path(folder)):
        report(options.sessions, options.sample)


def report(sessions: int, sample: int) -> None:
    from django.db import connection

    version = world(sessions + sample)
    loop = one_by_one(range(sessions + 1, sessions + sample + 1))
    run = in_chunks(sessions)
    _demand_alike(sessions, sample)
    ratio, quote = loop.rest_us / run.rest_us, quotes(version)
    growth = run.resident[-1] / run.resident[0] - 1
    print(
        f"{connection.vendor}: {sessions:,} sessions of three lines rated in {run.wall_s:.1f} s, {sample:,} by the ORM loop"
    )
    print(
        f"pricing function {run.pricing_us:.0f} µs a session ({loop.pricing_us:.0f} in the loop), quote {quote:.2f} ms"
    )
    print(
        f"everything else {run.rest_us:.0f} µs a session, in the loop {loop.rest_us:.0f} µs: {ratio:.1f} times faster"
    )
    print("memory after each tenth, MB: " + " ".join(f"{size / 1e6:.0f}" for size in run.resident))
    missed = {
        f"{ratio:.1f} times faster, wanted {AT_LEAST}": ratio < AT_LEAST,
        f"pricing takes {run.pricing_us:.0f} µs, wanted {MOST_PRICING_US}": run.pricing_us > MOST_PRICING_US,
        f"a quote takes {quote:.2f} ms, wanted {MOST_QUOTE_MS}": quote > MOST_QUOTE_MS,
        f"memory grew by {growth:.0%}": growth > MOST_GROWTH,
    }
    if any(missed.values()):
        raise SystemExit("; ".join(sentence for sentence, is_so in missed.items() if is_so))


def _demand_alike(sessions: int, sample: int) -> None:
    """Every session has one record, and both ways charge the same for the same story."""
    from billing.models import CDR, SessionPrice

    by_shape: dict[int, set[Any]] = {}
    for session, total, lines in CDR.objects.values_list("session_id", "total_incl_vat", "trace").iterator():
        by_shape.setdefault((session - 1) % SHAPES, set()).add((total, lines))
    count = sessions + sample
    if (CDR.objects.count(), SessionPrice.objects.count()) != (count, count) or any(
        len(s) > 1 for s in by_shape.values()
    ):
        raise SystemExit("The records are not what the sessions tell.")


if __name__ == "__main__":
    main()
