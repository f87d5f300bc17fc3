"""Every session says where its energy comes from, what else was said, and how sure it is."""

from datetime import timedelta

import pytest

from sessions_app.engine import account, energy, reduce
from sessions_app.engine.evidence import BOUNDED, CORRECTED, ENDED, STARTED, UPDATED, Evidence
from sessions_app.metering.normalise import Measured

from .telling import MORNING

WH = 1_000


def told(*evidence: Evidence) -> account.Account:
    return account.of(reduce.retell(evidence))


def start(meter: int | None = 1_000 * WH) -> Evidence:
    return Evidence(STARTED, MORNING, MORNING, meter=meter)


def read(minute: int, wh: int, power: int | None = None) -> Evidence:
    at = MORNING + timedelta(minutes=minute)
    return Evidence(UPDATED, at, at, readings=(Measured(at, wh * WH, power_w=power),), digest=minute)


def end(minute: int, meter: int | None = None) -> Evidence:
    at = MORNING + timedelta(minutes=minute)
    return Evidence(ENDED, at, at, meter=meter, reason="Local")


def test_start_and_stop_are_sure_and_the_samples_stand_beside_them() -> None:
    found = told(start(), read(30, 6_000), end(60, 11_000 * WH))

    assert found.settled == energy.Energy(10_000 * WH, energy.TRANSACTION)
    assert found.figures == (
        account.Figure(energy.TRANSACTION, 10_000 * WH, True),
        account.Figure(energy.OWN_REGISTER, 5_000 * WH, False),
    )
    assert found.uncertainty == 10 * WH
    assert found.start == account.Mark(1_000 * WH, MORNING, MORNING)
    assert found.stop is not None
    assert found.stop.register == 11_000 * WH


def test_what_flowed_after_the_last_reading_is_the_uncertainty() -> None:
    """10 kW were seen; nobody read the last twelve minutes: 2 kWh."""
    found = told(start(None), read(0, 1_000), read(30, 6_000, power=10_000), end(42))

    assert found.settled == energy.Energy(5_000 * WH, energy.OWN_REGISTER)
    assert found.uncertainty == 2_000 * WH + 10 * WH


def test_a_reset_leaves_a_stretch_in_which_nobody_counted() -> None:
    found = told(start(None), read(0, 1_000), read(30, 6_000, power=10_000), read(36, 500), read(60, 4_500), end(60))

    assert found.settled == energy.Energy(9_000 * WH, energy.OWN_REGISTER, ("register_reset",))
    assert (found.unseen_s, found.uncertainty) == (360, 1_000 * WH + 10 * WH)
    assert "register_reset" in found.notes


def test_a_glitch_that_was_forgotten_leaves_none() -> None:
    found = told(start(None), read(0, 1_000), read(10, 3_000), read(11, 0), read(20, 5_000), end(20))

    assert (found.settled.mwh, found.unseen_s) == (4_000 * WH, 0)


def test_a_bound_may_be_wrong_altogether() -> None:
    later = MORNING + timedelta(hours=3)
    found = told(start(), Evidence(BOUNDED, later, later, meter=9_000 * WH))

    assert found.settled == energy.Energy(8_000 * WH, energy.BOUND)
    assert found.uncertainty == 8_000 * WH


def test_the_next_start_on_the_same_register_leaves_no_more_than_the_difference() -> None:
    """Nobody read the last two hours, but the next charge begins 300 Wh higher."""
    later = MORNING + timedelta(hours=3)
    bound = Evidence(BOUNDED, later, later, meter=11_300 * WH)
    found = told(start(), read(30, 6_000, power=10_000), read(60, 11_000, power=10_000), bound)

    assert found.settled == energy.Energy(10_000 * WH, energy.OWN_REGISTER)
    assert found.uncertainty == 300 * WH + 10 * WH


def test_a_persons_word_stands_first_and_the_others_stay_visible() -> None:
    at = MORNING + timedelta(hours=2)
    found = told(start(), end(60, 11_000 * WH), Evidence(CORRECTED, at, at, meter=9_500 * WH))

    assert [(figure.source, figure.mwh, figure.counts) for figure in found.figures] == [
        (energy.PERSON, 9_500 * WH, True),
        (energy.TRANSACTION, 10_000 * WH, False),
    ]


@pytest.mark.parametrize("evidence", [(), (start(),), (end(10),)])
def test_where_nothing_was_measured_nothing_is_invented(evidence: tuple[Evidence, ...]) -> None:
    found = told(*evidence)
    assert (found.settled.mwh, found.settled.source) == (0, energy.NOTHING)
