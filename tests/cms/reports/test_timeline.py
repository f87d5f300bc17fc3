"""How a connector spent its time, second by second: pure, so in milliseconds."""

from hypothesis import given
from hypothesis import strategies as st

from cms.reports.timeline import HOUR, Interval, Seconds, Status, hours, spread

DAY = Interval(0, 24 * HOUR)
ALWAYS = [Interval(-10 * HOUR, 100 * HOUR)]


def test_a_free_connector_is_free_from_its_first_status_on() -> None:
    spent = hours(Interval(0, 2 * HOUR), statuses=[Status(1800, "Available")], online=ALWAYS, charging=[])
    assert spent == {0: Seconds(free=1800), HOUR: Seconds(free=3600)}


def test_a_connector_that_never_said_anything_is_not_counted() -> None:
    assert hours(DAY, statuses=[], online=ALWAYS, charging=[]) == {}


def test_a_car_that_stays_after_its_charge_is_idle() -> None:
    spent = hours(
        Interval(0, HOUR),
        statuses=[Status(-60, "Available"), Status(600, "Charging"), Status(3000, "Available")],
        online=ALWAYS,
        charging=[Interval(600, 1800)],
    )
    assert spent == {0: Seconds(charging=1200, idle=1200, free=1200)}


def test_unreachable_is_down_but_a_charge_under_way_still_charges() -> None:
    spent = hours(
        Interval(0, HOUR),
        statuses=[Status(0, "Available")],
        online=[Interval(0, 1000)],
        charging=[Interval(900, 1500)],
    )
    assert spent == {0: Seconds(charging=600, free=900, down=2100)}


def test_faulted_and_out_of_service_are_down() -> None:
    statuses = [Status(0, "Faulted"), Status(100, "Unavailable"), Status(300, "Available")]
    assert hours(Interval(0, 400), statuses=statuses, online=ALWAYS, charging=[]) == {0: Seconds(free=100, down=300)}


instants = st.integers(-HOUR, 30 * HOUR)
intervals = st.lists(st.tuples(instants, instants).map(lambda pair: Interval(*sorted(pair))), max_size=4)
words = st.sampled_from(["Available", "Charging", "Occupied", "Faulted", "Unavailable", "Reserved", "Whatever"])
changes = st.lists(st.builds(Status, instants, words), min_size=1, max_size=6).map(sorted)


@given(changes, intervals, intervals)
def test_every_second_since_the_first_status_is_in_exactly_one_state(statuses, online, charging) -> None:
    spent = hours(DAY, statuses=statuses, online=online, charging=charging)
    assert sum(sum(seconds) for seconds in spent.values()) == max(0, DAY.end - max(DAY.start, statuses[0].at))
    assert all(0 < sum(seconds) <= HOUR for seconds in spent.values())


@given(st.integers(0, 10**9), instants, st.integers(0, 5 * HOUR))
def test_shared_energy_adds_up_exactly(amount: int, start: int, length: int) -> None:
    shares = spread(amount, Interval(start, start + length))
    assert sum(shares.values()) == amount
    assert all(share >= 0 and hour % HOUR == 0 for hour, share in shares.items())
