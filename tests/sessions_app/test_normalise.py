"""Units, phases, places: from sampled values to one register, one power, one state of charge (OCPP 1.6 §3.3, quirks §5)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.metering.normalise import Measured, normalise
from stations.vocabulary.values import Reading, Sample

from .telling import MORNING, REGISTER

POWER = "Power.Active.Import"


def sample(
    value: Any, unit: str | None = "Wh", phase: str | None = None, measurand: str = REGISTER, **more: Any
) -> Sample:
    return Sample(measurand, None if value is None else Decimal(str(value)), unit, phase, **more)


def one(*samples: Sample) -> Measured:
    (measured,) = normalise([Reading(MORNING, samples)])
    return measured


@pytest.mark.parametrize(
    ("value", "unit", "multiplier", "mwh"),
    [
        (1234, "Wh", 0, 1_234_000),
        (1234, None, 0, 1_234_000),
        (1234, "", 0, 1_234_000),
        ("26008.333", "Wh", 0, 26_008_333),
        ("1.2345", "kWh", 0, 1_234_500),
        ("1.2", "MWh", 0, 1_200_000_000),
        (12, "Wh", 3, 12_000_000),
        (12_345, "Wh", -1, 1_234_500),
        ("0.0004", "Wh", 0, 0),
        ("0.0005", "Wh", 0, 1),
    ],
)
def test_a_register_in_any_unit(value: Any, unit: str | None, multiplier: int, mwh: int) -> None:
    assert one(sample(value, unit, multiplier=multiplier)).register == mwh


@pytest.mark.parametrize("unit", ["kWh ", "kwh", " KWH"])
def test_q62_a_unit_in_another_spelling(unit: str) -> None:
    assert one(sample("1.2345", unit)).register == 1_234_500


def test_power_in_kilowatts_and_soc_in_percent() -> None:
    measured = one(sample("11.04", "kW", measurand=POWER), sample(80, "Percent", measurand="SoC"))

    assert (measured.power_w, measured.soc, measured.register) == (11040, 80, None)


def test_measurands_are_compared_without_regard_to_case() -> None:
    assert one(sample(5, "wh", measurand="energy.active.import.register")).register == 5000


def test_q63_phases_are_summed_where_there_is_no_total() -> None:
    phases = [sample(100, phase="L1"), sample(200, phase="L2"), sample(300, phase="L3")]

    assert one(*phases).register == 600_000
    assert one(*phases, sample(599)).register == 599_000


def test_q64_phases_against_neutral_are_phases() -> None:
    power = [sample(1000, "W", phase, POWER) for phase in ("L1-N", "L2-N", "L3-N")]

    assert one(*power).power_w == 3000
    assert one(power[0], sample(1000, "W", "L1", POWER)).power_w == 1000


def test_a_value_between_phases_is_no_total() -> None:
    assert one(sample(400, phase="L1-L2")).register is None


def test_the_outlet_is_asked_before_the_inlet() -> None:
    inlet = [sample(110, location="Inlet", phase=phase) for phase in ("L1", "L2", "L3")]

    assert one(*inlet, sample(300)).register == 300_000
    assert one(*inlet).register == 330_000


@pytest.mark.parametrize(
    ("odd", "note"),
    [
        (sample(4_296_944_685), "range:register"),
        (sample(-5), "range:register"),
        (sample("1e400"), "range:register"),
        (sample("NaN"), "range:register"),
        (sample("sNaN"), "range:register"),
        (sample("Infinity"), "range:register"),
        (sample(9_000_000, "W", measurand=POWER), "range:power"),
        (sample(101, "Percent", measurand="SoC"), "range:soc"),
        (sample(21, "Celsius"), "unit:Celsius"),  # quirk 72
        (sample(230, "V"), "unit:V"),
    ],
)
def test_q65_q72_what_cannot_be_true_is_left_out_and_named(odd: Sample, note: str) -> None:
    measured = one(odd, sample(7, measurand="Frequency"))

    assert (measured.register, measured.power_w, measured.soc) == (None, None, None)
    assert measured.notes == (note,)


def test_q59_no_samples_are_no_reading() -> None:
    assert normalise([Reading(MORNING, ())]) == ()
    assert normalise([]) == ()


def test_q61_a_value_that_could_not_be_read_takes_no_other_with_it() -> None:
    assert one(sample(None), sample(11_000, "W", measurand=POWER)).power_w == 11_000


def test_q70_values_of_one_instant_belong_together() -> None:
    apart = [Reading(MORNING, (sample(100 * n, phase=f"L{n}"),)) for n in (1, 2, 3)]

    assert normalise(apart) == (Measured(MORNING, register=600_000),)


def test_q71_signed_values_are_no_energy() -> None:
    signed = Sample(REGISTER, None, None, signed="OCMF|{…}|{…}")

    assert one(signed, sample(5)).register == 5000


def test_begin_and_end_of_one_instant_are_two_readings() -> None:
    begin, end = sample(100, context="Transaction.Begin"), sample(900, context="Transaction.End")

    assert [m.register for m in normalise([Reading(MORNING, (end, begin))])] == [100_000, 900_000]


def test_readings_come_in_the_order_of_their_clock() -> None:
    later = Reading(MORNING + timedelta(minutes=1), (sample(2),))

    assert [m.register for m in normalise([later, Reading(MORNING, (sample(1),))])] == [1000, 2000]


texts = st.one_of(st.none(), st.text(max_size=8), st.sampled_from(["Wh", "kWh", "L1", "Outlet", "Transaction.Begin"]))
wild = st.builds(
    Sample,
    measurand=st.one_of(
        st.text(max_size=8), st.sampled_from([REGISTER, POWER, "SoC", "Energy.Active.Import.Interval"])
    ),
    value=st.one_of(st.none(), st.decimals()),
    unit=texts,
    phase=texts,
    context=st.text(max_size=8),
    location=st.text(max_size=8),
    multiplier=st.integers(-50, 50),
    signed=texts,
)


@given(st.lists(st.lists(wild, max_size=4).map(tuple), max_size=4))
def test_whatever_a_station_sends_becomes_numbers_in_range_or_nothing(told: list[tuple[Sample, ...]]) -> None:
    for measured in normalise([Reading(MORNING, samples) for samples in told]):
        assert measured.register is None or 0 <= measured.register < 3 * 2**32 * 1000
        assert measured.soc is None or 0 <= measured.soc <= 300


CURRENT = "Current.Import"


@pytest.mark.parametrize(
    ("samples", "current_ma"),
    [
        ([("15.8", "A", None)], 15_800),
        ([("15800", "mA", None)], 15_800),
        ([("16", "A", "L1"), ("15.5", "A", "L2"), ("0", "A", "L3")], 31_500),
        ([("16", "A", "L1-N"), ("16", "A", "L2-N"), ("16", "A", "N"), ("16", "A", None)], 32_000),
        ([("16", "A", "N"), ("10", "A", None)], 10_000),
        ([("16", "W", None)], None),
        ([("-1", "A", None)], None),
    ],
)
def test_a_current_is_that_of_all_phases(samples: list[tuple[str, str, str | None]], current_ma: int | None) -> None:
    measured = one(*(sample(value, unit, phase, CURRENT) for value, unit, phase in samples))
    assert measured.current_ma == current_ma
