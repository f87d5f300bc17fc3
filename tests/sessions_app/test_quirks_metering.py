"""Field quirks §5 and the clocks of §3: meters and clocks as they are, one test per row."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sessions_app import selectors
from sessions_app.models import ChargingSession, Evidence
from stations.vocabulary.events import TransactionEnded, TransactionStarted, TransactionUpdated
from stations.vocabulary.values import EvseRef, Reading, Sample

from .telling import MORNING, REGISTER, Teller, Teller2, reading

Tell = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("card")


def session() -> ChargingSession:
    return ChargingSession.objects.get()


def counted() -> tuple[Decimal, str]:
    return session().energy, session().review


def minute(number: float) -> datetime:
    return MORNING + timedelta(minutes=number)


def test_q60_kilowatt_hours_that_are_called_watt_hours(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=26_008_333)).transaction_id
    tell(pole.update(15, number, "26010.83"))
    assert counted() == (Decimal(2497), "scale")

    tell(pole.stop(30, number, 26_013_333))

    assert counted() == (Decimal(5000), "")


def test_q63_the_power_shows_that_a_register_is_in_kilowatt_hours(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=0)).transaction_id
    for quarter in range(5):
        tell(pole.update(15 * quarter, number, f"{1.98 * quarter:.2f}", power=7920))

    assert counted() == (Decimal(7920), "scale")
    assert selectors.curve(session())[-1].energy_wh == Decimal(7920)


def test_q63_per_phase_registers_alone(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=3000)).transaction_id
    phases = tuple(Sample(REGISTER, Decimal(2000), "Wh", phase) for phase in ("L1", "L2", "L3"))
    tell(pole.update(15, number, readings=(Reading(minute(15), phases),)))

    assert counted() == (Decimal(3000), "")


def test_q65_an_overflown_counter_is_left_out(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=1000)).transaction_id
    tell(pole.update(15, number, 3000))
    tell(pole.update(16, number, 4_296_944_685))

    assert counted() == (Decimal(2000), "")


def test_q65_a_32_bit_counter_wraps(tell: Tell, pole2: Teller2) -> None:
    last = 2**32 - 1000
    tell(pole2.event(TransactionStarted, 0, "t", 0, last - 1000, evse=EvseRef(1, 1)))
    tell(pole2.event(TransactionUpdated, 10, "t", 1, last))
    tell(pole2.event(TransactionEnded, 20, "t", 2, 1500))

    assert counted() == (Decimal(1000 + 2500), "")


def test_q65_a_32_bit_counter_that_is_full_between_start_and_stop(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=2**32 - 1000)).transaction_id
    tell(pole.stop(30, number, 1500))

    assert counted() == (Decimal(2500), "")


def test_q66_a_register_that_begins_anew_starts_a_new_base(tell: Tell, pole2: Teller2) -> None:
    for number, wh in enumerate([5000, 7000, 9000, 0, 1500]):
        kind = TransactionStarted if number == 0 else TransactionUpdated
        tell(pole2.event(kind, 15 * number, "t", number, wh, evse=EvseRef(1, 1)))
    tell(pole2.event(TransactionEnded, 75, "t", 5, 2500))

    assert counted() == (Decimal(4000 + 2500), "register_reset")


def test_q66_a_single_absurd_value_is_forgotten_again(tell: Tell, pole2: Teller2) -> None:
    for number, wh in enumerate([5000, 7000, 3, 9000, 9_999_999, 11_000]):
        kind = TransactionStarted if number == 0 else TransactionUpdated
        tell(pole2.event(kind, 15 * number, "t", number, wh, evse=EvseRef(1, 1)))

    assert session().energy == Decimal(6000)


def test_q67_the_curve_follows_the_time_of_the_samples(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=0)).transaction_id
    tell(pole.update(10, number, 1000, power=6000, heard=240))
    tell(pole.update(20, number, 2000, power=6000, soc=40, heard=240))

    assert selectors.curve(session()) == [
        (minute(10), 6000, Decimal(1000), None),
        (minute(20), 6000, Decimal(2000), 40),
    ]


def test_q67_the_same_time_stamp_for_hours_still_counts(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=0)).transaction_id
    for hour in range(1, 4):
        tell(pole.update(1, number, 7000 * hour, heard=60 * hour))

    assert counted() == (Decimal(21_000), "")


def test_q67_a_flood_of_queued_readings_counts_exactly_and_shows_nothing_as_if_it_were_now(
    tell: Tell, pole: Teller
) -> None:
    """Five hundred minutes without a line, all told in the first minute of the connection, in batches."""
    number = tell(pole.start(0, meter=1000, heard=500)).transaction_id
    queue = [pole.update(m, number, 1000 + 120 * m, power=7200, heard=500 + m / 1000) for m in range(1, 501)]
    for at in range(0, 480, 60):
        tell(*queue[at : at + 60])
    assert (session().energy, session().power_w) == (Decimal(120 * 480), None)
    tell(*queue[480:], *queue[100:130])

    assert counted() == (Decimal(60_000), "")
    assert session().power_w == 7200
    assert Evidence.objects.count() == 501
    assert len(selectors.curve(session())) == 500


def test_q69_a_car_that_is_suspended_for_days_goes_on(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=1000)).transaction_id
    tell(pole.update(60, number, 8000, power=7000))
    tell(pole.update(61, number, 8000, power=0))
    tell(pole.update(5 * 24 * 60, number, 8000, power=0), pole.update(5 * 24 * 60 + 30, number, 11_500, power=7000))
    tell(pole.stop(5 * 24 * 60 + 40, number, 12_000))

    assert counted() == (Decimal(11_000), "")
    parked = [period for period in selectors.charging_periods(session()) if period.state == selectors.PARKING]
    assert sum((period.end - period.start for period in parked), timedelta()) == timedelta(days=5) - timedelta(
        minutes=60
    )


def test_q69_only_start_and_stop(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=1000)).transaction_id
    assert selectors.curve(session()) == []
    tell(pole.stop(60, number, 9000))

    assert counted() == (Decimal(8000), "")
    assert session().power_w is None


def test_q71_signed_data_beside_raw_values_is_kept_and_not_counted(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=1000)).transaction_id
    signed = Sample(REGISTER, None, None, context="Transaction.End", signed='OCMF|{"RV":1}|{"SD":"30"}')
    end = Reading(minute(30), (Sample(REGISTER, Decimal(4000), "Wh", context="Transaction.End"), signed))
    tell(pole.stop(30, number, 4000, readings=(end,)))

    assert counted() == (Decimal(3000), "")
    assert "OCMF|" in Evidence.objects.get(kind="ended").readings


def test_the_whole_series_repeated_in_the_stop_changes_nothing(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=1000)).transaction_id
    series = [reading(minute(m), 1000 + 100 * m) for m in (10, 20, 30)]
    for m, one in zip((10, 20, 30), series, strict=True):
        tell(pole.update(m, number, readings=(one,)))
    tell(pole.stop(31, number, 4050, readings=tuple(series)))

    assert counted() == (Decimal(3050), "")


def test_meter_stop_against_the_samples_is_looked_at_by_a_person(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=1000)).transaction_id
    tell(pole.update(30, number, 8000))
    tell(pole.stop(31, number, 3000))

    assert counted() == (Decimal(2000), "register_mismatch")


def test_more_than_any_connector_gives_is_looked_at_by_a_person(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=1000)).transaction_id
    tell(pole.stop(10, number, 901_000))

    assert counted() == (Decimal(900_000), "implausible")


def test_interval_values_are_an_estimate(tell: Tell, pole2: Teller2) -> None:
    def quarter(number: int) -> tuple[Reading, ...]:
        return (Reading(minute(15 * number), (Sample("Energy.Active.Import.Interval", Decimal(500), "Wh"),)),)

    tell(pole2.event(TransactionStarted, 0, "t", 0, evse=EvseRef(1, 1)))
    for number in (1, 2):
        tell(pole2.event(TransactionUpdated, 15 * number, "t", number, readings=quarter(number)))
    tell(pole2.event(TransactionEnded, 31, "t", 3))

    assert counted() == (Decimal(1000), "estimated")
    assert session().estimated is True


def test_power_alone_is_an_estimate(tell: Tell, pole2: Teller2) -> None:
    tell(pole2.event(TransactionStarted, 0, "t", 0, power=6000, evse=EvseRef(1, 1)))
    for number in range(1, 5):
        tell(pole2.event(TransactionUpdated, 15 * number, "t", number, power=6000))
    tell(pole2.event(TransactionEnded, 60, "t", 5))

    assert counted() == (Decimal(6000), "estimated")


def test_a_silence_in_the_power_is_bridged_for_twenty_minutes(tell: Tell, pole2: Teller2) -> None:
    tell(pole2.event(TransactionStarted, 0, "t", 0, power=6000, evse=EvseRef(1, 1)))
    tell(pole2.event(TransactionUpdated, 180, "t", 1, power=6000))
    tell(pole2.event(TransactionEnded, 181, "t", 2))

    assert counted() == (Decimal(2000), "estimated")


# ---- clocks --------------------------------------------------------------------------------------------------------

BOOT = datetime(1970, 1, 1, tzinfo=UTC)


def test_q27_a_clock_in_1970_is_replaced_by_ours_and_kept_as_evidence(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=1000, occurred_at=BOOT + timedelta(seconds=40))).transaction_id
    at = BOOT + timedelta(minutes=20)
    tell(pole.update(20, number, occurred_at=at, readings=(reading(at, 3000, power=6000),)))
    tell(pole.stop(30, number, 4000, occurred_at=BOOT + timedelta(minutes=30)))

    assert (session().started_at, session().stopped_at) == (minute(0), minute(30))
    assert counted() == (Decimal(3000), "clock")
    assert selectors.curve(session()) == [(minute(20), 6000, Decimal(2000), None)]
    assert Evidence.objects.earliest("pk").occurred_at == BOOT + timedelta(seconds=40)


def test_q27_readings_of_an_unset_clock_keep_their_distances(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=1000, occurred_at=BOOT)).transaction_id
    at = BOOT + timedelta(minutes=30)
    queued = tuple(reading(at - timedelta(minutes=ago), 4000 - 100 * ago) for ago in (20, 10, 0))
    tell(pole.update(30, number, occurred_at=at, readings=queued))

    points = selectors.curve(session())
    assert [(point.at - MORNING) // timedelta(minutes=1) for point in points] == [10, 20, 30]


def test_q27_a_clock_that_is_set_during_the_charge(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=1000, occurred_at=BOOT)).transaction_id
    tell(pole.update(20, number, 3000))
    tell(pole.stop(30, number, 4000))

    assert (session().started_at, session().stopped_at) == (minute(0), minute(30))
    assert counted() == (Decimal(3000), "clock")


def test_q29_an_absurd_year_is_replaced_by_our_time(tell: Tell, pole: Teller) -> None:
    future = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    number = tell(pole.start(0, meter=1000, occurred_at=future)).transaction_id
    tell(pole.stop(30, number, 4000))

    assert (session().started_at, session().stopped_at) == (minute(0), minute(30))
    assert counted() == (Decimal(3000), "clock")


def test_a_stop_before_its_start_ends_when_we_heard_of_it(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=1000)).transaction_id
    tell(pole.stop(-60, number, 4000, heard=30))

    assert session().stopped_at == minute(30)
    assert counted() == (Decimal(3000), "clock")


def test_an_offline_session_keeps_the_stations_times(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=1000, heard=600)).transaction_id
    tell(pole.update(30, number, 4000, heard=600))
    tell(pole.stop(60, number, 8000, heard=601))

    assert (session().started_at, session().stopped_at) == (minute(0), minute(60))
    assert (session().started_received_at, session().stopped_received_at) == (minute(600), minute(601))
    assert counted() == (Decimal(7000), "")
