"""Clocks as simulated stations get them wrong (quirk 28)."""

from datetime import UTC, datetime, timedelta

from stations.simulator import clock
from stations.simulator.behaviours import clocks

from .conftest import Yard
from .csms import Csms

TAG = "04A1B2C3"


async def lead(yard: Yard, csms: Csms, quirk: str) -> timedelta:
    """How far ahead of the same charge by a right clock its stop is stamped."""
    stamps = []
    for quirks in ((), (quirk,)):
        station = await yard.station(quirks=quirks, registers={1: 26008})
        await station.plug_in(1)
        await station.present(TAG)
        await station.charge(kwh=2, minutes=2)
        await station.present(TAG)
        stamps.append(clock.parse(csms.of("StopTransaction")[-1]["timestamp"]))
        await station.close()
    return stamps[1] - stamps[0]


async def test_q28_runs_two_hours_ahead(yard: Yard, csms: Csms) -> None:
    assert await lead(yard, csms, "Q28") == timedelta(hours=2)


async def test_a_clock_on_local_time_is_ahead_by_its_zone(yard: Yard, csms: Csms) -> None:
    assert await lead(yard, csms, "clock-local") in (timedelta(hours=1), timedelta(hours=2))


def test_local_time_follows_the_summer() -> None:
    local = clocks.KeepsLocalTime()
    winter, summer = datetime(2026, 1, 15, 12, tzinfo=UTC), datetime(2026, 7, 15, 12, tzinfo=UTC)
    assert (local.stamp(winter) - winter, local.stamp(summer) - summer) == (timedelta(hours=1), timedelta(hours=2))


def test_a_drifting_clock_gains_a_minute_a_day() -> None:
    drifting, morning = clocks.Drifts(), datetime(2026, 5, 1, 8, tzinfo=UTC)
    assert drifting.stamp(morning) == morning
    later = morning + timedelta(days=3)
    assert drifting.stamp(later) - later == timedelta(minutes=3)
