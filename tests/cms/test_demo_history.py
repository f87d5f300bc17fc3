"""The made-up past, without a database."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from cms.demo import cast, history
from cms.demo.history import Charge, Past, Pockets, Wanted
from stations.simulator.battery import Car

NOW = datetime(2026, 3, 4, 14, 32, tzinfo=UTC)
START = NOW - timedelta(days=20)
STATIONS = [station for place in cast.RETE.places for station in place.stations]
CARDS = [f"CARD{n}" for n in range(30)]


def made(seed: int = 1, **more: object) -> Past:
    rng = random.Random(seed)
    busy: dict[str, list[tuple[datetime, datetime]]] = {}
    pockets = {station.identity: Pockets(rng, CARDS[:3], CARDS, busy) for station in STATIONS}
    return history.make(STATIONS, pockets, start=START, now=NOW, rng=rng, **more)  # type: ignore[arg-type]


def overlaps(charges: list[Charge]) -> bool:
    ordered = sorted(charges, key=lambda charge: charge.started_at)
    return any((first.ended_at or NOW) > second.started_at for first, second in pairwise(ordered))


def test_the_same_seed_makes_the_same_past() -> None:
    one, two, three = made(1), made(1), made(2)
    assert [(c.token, c.started_at, c.meter_stop) for c in one.charges] == [
        (c.token, c.started_at, c.meter_stop) for c in two.charges
    ]
    assert len(one.charges) != len(three.charges)


def test_a_socket_and_a_card_charge_once_at_a_time() -> None:
    past = made()
    assert len(past.charges) > 500
    for key in {(c.station.identity, c.socket) for c in past.charges}:
        assert not overlaps([c for c in past.charges if (c.station.identity, c.socket) == key])
    for token in {c.token for c in past.charges}:
        assert not overlaps([c for c in past.charges if c.token == token])


def test_registers_only_grow() -> None:
    past = made()
    for key in {(c.station.identity, c.socket) for c in past.charges}:
        registers = [
            reading
            for charge in past.charges
            if (charge.station.identity, charge.socket) == key
            for reading in (charge.meter_start, *(r.register for r in charge.readings))
        ]
        assert registers == sorted(registers)


def test_nothing_happens_after_now_or_at_a_station_that_nobody_hears() -> None:
    past = made()
    for charge in past.charges:
        heard_until = NOW - (charge.station.unreachable_for or timedelta())
        assert all(reading.at <= heard_until for reading in charge.readings)
        assert charge.ended_at is None or charge.ended_at <= NOW
    assert all(condition.at <= NOW for condition in past.conditions)


def test_more_cars_come_in_the_day_than_in_the_night() -> None:
    by_hour = [0] * 24
    for charge in made().charges:
        by_hour[charge.started_at.astimezone(history.ROME).hour] += 1
    assert by_hour[9] > 4 * by_hour[3]


def test_a_fast_charger_gives_more_in_less_time() -> None:
    def mean(charges: list[float]) -> float:
        return sum(charges) / len(charges)

    full = [c for c in made().charges if c.ended_at and c.meter_stop > c.meter_start]
    dc = [c for c in full if c.station.hardware.dc]
    ac = [c for c in full if not c.station.hardware.dc]
    power = {
        name: mean([(c.meter_stop - c.meter_start) / (c.ended_at - c.started_at).total_seconds() * 3.6 for c in some])  # type: ignore[operator]
        for name, some in (("dc", dc), ("ac", ac))
    }
    assert power["dc"] > 3 * power["ac"]
    assert max(r.power_w for c in dc for r in c.readings) <= 150_000
    assert max(r.power_w for c in ac for r in c.readings) <= 22_000


def test_a_wanted_charge_runs_now() -> None:
    car = Car(soc=0.2, capacity_wh=77_000, target=1.0, ac_w=11_000)
    past = made(wanted=[Wanted("CP-0042", 2, "GIULIA", timedelta(minutes=65), car)])
    (charge,) = [c for c in past.charges if c.token == "GIULIA"]
    assert (charge.started_at, charge.ended_at, len(charge.readings)) == (NOW - timedelta(minutes=65), None, 13)
    assert not overlaps([c for c in past.charges if (c.station.identity, c.socket) == ("CP-0042", 2)])


def test_on_a_socket_that_broke_today_people_got_nothing() -> None:
    past = made()
    tried = [c for c in past.charges if (c.station.identity, c.socket, c.reason) == ("CP-0042", 1, "Other")]
    assert len(tried) >= 2
    assert {c.meter_stop - c.meter_start for c in tried} == {0}
