"""The reducer's promise: the same evidence, however it arrives, gives the same session; nothing is lost without a word."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_app.engine import energy, project, reduce
from sessions_app.engine.evidence import BOUNDED, CORRECTED, ENDED, METERED, OURS, STARTED, UPDATED, Evidence, place
from sessions_app.engine.state import State
from sessions_app.metering.normalise import Measured

from .telling import MORNING

WH = 1_000
minutes = st.integers(0, 600).map(lambda minute: MORNING + timedelta(minutes=minute))
clocks = st.one_of(
    minutes, st.integers(0, 600).map(lambda m: MORNING.replace(year=1970) + timedelta(minutes=m)), minutes
)
registers = st.one_of(st.none(), st.integers(0, 60_000).map(lambda wh: wh * WH), st.just(2**32 * WH - 5))
readings = st.lists(
    st.builds(
        Measured,
        at=clocks,
        register=registers,
        interval=st.one_of(st.none(), st.integers(0, 500_000)),
        power_w=st.one_of(st.none(), st.integers(0, 22_000)),
        soc=st.one_of(st.none(), st.integers(0, 100)),
    ),
    max_size=3,
).map(tuple)


@st.composite
def evidences(draw: Any, numbered: bool) -> list[Evidence]:
    """What some station may say of one transaction, as wild as it likes."""
    kinds = draw(
        st.lists(st.sampled_from([STARTED, UPDATED, UPDATED, UPDATED, METERED, ENDED, *sorted(OURS)]), max_size=10)
    )
    told = []
    for number, kind in enumerate(kinds):
        ours = kind in OURS
        told.append(
            Evidence(
                kind,
                draw(minutes if ours else clocks),
                draw(minutes),
                seq_no=draw(st.integers(0, 9)) if numbered and kind in (STARTED, UPDATED, ENDED) else None,
                evse_id=draw(st.one_of(st.none(), st.integers(0, 2))),
                connector_id=draw(st.one_of(st.none(), st.integers(1, 2))),
                token=draw(st.sampled_from(["", "A", "B"])),
                meter=draw(registers) if kind in (STARTED, ENDED, BOUNDED, CORRECTED) else None,
                readings=() if ours else draw(readings),
                reason="Local" if kind == ENDED else "",
                charging_state=draw(st.sampled_from(["", "Charging", "SuspendedEV"])),
                digest=number,
                reasons=draw(st.sampled_from([(), ("estimated",), ("missing_stop", "estimated")])) if ours else (),
            )
        )
    return told


def live(arriving: list[Evidence]) -> State:
    """As `recording` does it: the next on top, a repetition ignored, a late one tells everything again."""
    state, stored = State(), []
    for one in arriving:
        standing = reduce.standing(state, one)
        if standing == reduce.KNOWN or (standing == reduce.LATE and place(one) in {place(s) for s in stored}):
            continue
        stored.append(one)
        state = reduce.reduce(state, one) if standing == reduce.NEXT else reduce.retell(stored)
        state = State.load(state.dump())
    return state


@pytest.mark.parametrize("numbered", [False, True])
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_the_order_of_arrival_and_repetitions_change_nothing(data: Any, numbered: bool) -> None:
    told = data.draw(evidences(numbered))
    arriving = data.draw(
        st.permutations(told + data.draw(st.lists(st.sampled_from(told), max_size=4)) if told else told)
    )

    expected = reduce.retell(told)

    assert live(arriving) == expected
    assert project.project(live(arriving)) == project.project(expected)


@settings(max_examples=80, deadline=None)
@given(told=st.booleans().flatmap(evidences))
def test_energy_is_never_negative_and_a_doubtful_one_is_reviewed(told: list[Evidence]) -> None:
    state = reduce.retell(told)
    row = project.project(state)
    settled = energy.settle(state)

    assert row.energy >= 0
    assert row.energy == settled.mwh
    if row.status == "completed":
        assert row.stopped_at is not None
        if row.estimated and not row.discarded:
            assert row.review or state.accepted
        if settled.source in energy.ESTIMATES:
            assert row.estimated


@settings(max_examples=80, deadline=None)
@given(told=st.booleans().flatmap(evidences))
def test_a_state_survives_being_kept(told: list[Evidence]) -> None:
    state = reduce.retell(told)

    assert State.load(state.dump()) == state


@settings(max_examples=60, deadline=None)
@given(told=st.booleans().flatmap(evidences))
def test_folding_does_not_change_what_it_is_given(told: list[Evidence]) -> None:
    state = reduce.retell(told)
    before = state.dump()
    reduce.fold(state, told)

    assert state.dump() == before


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(1, 15), st.integers(0, 5_000)), min_size=1, max_size=20),
    start=st.integers(0, 9_000_000),
    lost=st.sets(st.integers(0, 19)),
    order=st.randoms(use_true_random=False),
)
def test_an_honest_meter_is_counted_to_the_watt_hour_whatever_is_lost_on_the_way(
    steps: list[tuple[int, int]], start: int, lost: set[int], order: Any
) -> None:
    at, register = MORNING, start * WH
    told = [Evidence(STARTED, at, at, meter=register)]
    for number, (wait, wh) in enumerate(steps):
        at, register = at + timedelta(minutes=wait), register + min(wh, wait * 300) * WH
        if number not in lost:
            told.append(Evidence(UPDATED, at, at, readings=(Measured(at, register),), digest=number))
    told.append(Evidence(ENDED, at, at, meter=register, reason="Local"))
    order.shuffle(told)

    row = project.project(live(told))

    assert (row.energy, row.review, row.estimated) == (register - start * WH, "", False)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.integers(0, 3_000), min_size=1, max_size=20),
    reset=st.integers(0, 19),
    start=st.integers(10_000, 9_000_000),
)
def test_a_register_that_begins_anew_loses_at_most_what_flowed_around_the_reset(
    steps: list[int], reset: int, start: int
) -> None:
    at, register, flowed, around = MORNING, start * WH, 0, 0
    told = [Evidence(STARTED, at, at, seq_no=0, readings=(Measured(at, register),))]
    for number, wh in enumerate(steps):
        at += timedelta(minutes=15)
        flowed += wh * WH
        register += wh * WH
        if number == reset:
            register, around = wh * WH // 2, wh * WH
        told.append(Evidence(UPDATED, at, at, seq_no=number + 1, readings=(Measured(at, register),)))
    told.append(Evidence(ENDED, at, at, seq_no=len(told), reason="Local"))

    row = project.project(reduce.retell(told))

    assert flowed - around <= row.energy <= flowed
    assert ("register_reset" in row.review) == (reset < len(steps))
