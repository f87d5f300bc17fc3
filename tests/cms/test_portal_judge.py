"""Is it going well? Pure judgement over a curve."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cms.portal import judgement
from cms.portal.judgement import Verdict

NOW = datetime(2025, 11, 3, 14, 32, tzinfo=UTC)


@dataclass(frozen=True)
class Reading:
    at: datetime
    power_w: int | None
    soc: int | None = None


def curve(*powers: int | None, soc: int | None = None, every_s: int = 30) -> list[Reading]:
    """The last reading is of now."""
    last = len(powers) - 1
    return [Reading(NOW - timedelta(seconds=every_s * (last - i)), power, soc) for i, power in enumerate(powers)]


def verdict(points: list[Reading], state: str = "", heard_s: int = 5) -> Verdict:
    heard = NOW - timedelta(seconds=heard_s)
    return judgement.judge(points, now=NOW, last_reading_at=heard, charging_state=state).verdict


def test_full_power_is_good() -> None:
    assert verdict(curve(11_000, 11_000, 10_900)) is Verdict.GOOD


def test_zero_for_three_minutes_is_said_and_shorter_is_not() -> None:
    assert verdict(curve(11_000, *[0] * 7)) is Verdict.IDLE
    assert verdict(curve(11_000, *[0] * 5)) is Verdict.WAITING


def test_zero_names_who_paused_where_the_station_said_it() -> None:
    assert verdict(curve(11_000, *[0] * 7), "SuspendedEV") is Verdict.IDLE_CAR
    assert verdict(curve(11_000, *[0] * 7), "SuspendedEVSE") is Verdict.IDLE_SITE


def test_idle_counts_from_the_first_zero_of_the_last_run() -> None:
    points = curve(0, 11_000, *[0] * 8)
    judged = judgement.judge(points, now=NOW, last_reading_at=NOW)
    assert judged.since == points[2].at


def test_a_full_battery_explains_zero() -> None:
    assert verdict(curve(11_000, *[0] * 8, soc=100)) is Verdict.FULL


def test_above_eighty_percent_slow_is_expected() -> None:
    assert verdict(curve(100_000, 40_000, soc=82)) is Verdict.NEARLY_FULL


def test_less_than_six_tenths_of_its_best_is_slower() -> None:
    assert verdict(curve(11_000, 6_000)) is Verdict.SLOWED
    assert verdict(curve(11_000, 7_000)) is Verdict.GOOD


def test_old_news_come_before_any_other_judgement() -> None:
    assert verdict(curve(11_000, 11_000), heard_s=61) is Verdict.STALE
    assert verdict(curve(11_000, 11_000), heard_s=60) is Verdict.GOOD


def test_a_station_that_reports_every_five_minutes_is_given_ten() -> None:
    points = curve(11_000, 11_000, 11_000, every_s=300)
    assert judgement.patience(points) == timedelta(minutes=10)
    assert verdict(points, heard_s=599) is Verdict.GOOD
    assert verdict(points, heard_s=601) is Verdict.STALE


def test_readings_without_power_say_nothing() -> None:
    assert verdict(curve(None, None)) is Verdict.WAITING
    assert verdict([]) is Verdict.WAITING
