"""Every row of the field notes on transactions, meters, clocks and smart charging is held by a test of its own name (`test_q34_…`) and by a way
in which the simulator misbehaves (`manage.py simulate --quirk Q34`)."""

import re
from collections.abc import Mapping
from itertools import chain
from pathlib import Path

from stations.simulator.behaviours import QUIRKS

TESTS = Path(__file__).resolve().parents[1]
ROWS = [27, 28, 29, *range(34, 82)]

# Rows that are no way for a station to misbehave on the wire.
NOT_SIMULATED: Mapping[int, str] = {
    81: "an ability that is not reported: the simulator's device model has no such variable",
    54: "an answer to our own question: the simulator says truly whether messages wait in its queue",
}
_NAMED = re.compile(r"^(?:async )?def (test_(?:\w*_)?q\d\d\w*)\(", re.MULTILINE)


def held() -> dict[int, set[str]]:
    """Tests by the rows that they name."""
    found: dict[int, set[str]] = {}
    for file in TESTS.rglob("test_*.py"):
        for name in _NAMED.findall(file.read_text()):
            for row in re.findall(r"(?<=_q)\d\d(?=_|$)", name):
                found.setdefault(int(row), set()).add(f"{file.relative_to(TESTS)}::{name}")
    return found


def test_every_row_has_a_test_of_its_name() -> None:
    tests = held()
    assert [row for row in ROWS if row not in tests] == []


def test_every_row_beyond_the_simulator_s_own_tests_is_held_where_it_is_decided() -> None:
    """A behaviour of the simulator alone proves nothing of us."""
    tests = {row: {t for t in names if not t.startswith("stations/simulator/")} for row, names in held().items()}
    assert [row for row in ROWS if not tests.get(row)] == []


def test_every_row_can_be_simulated_or_says_why_not() -> None:
    missing = [row for row in ROWS if f"Q{row}" not in QUIRKS and row not in NOT_SIMULATED]
    needless = [row for row in NOT_SIMULATED if f"Q{row}" in QUIRKS]
    assert (missing, needless) == ([], [])


def test_no_test_names_a_row_that_is_not_there() -> None:
    assert set(chain(held())) <= set(range(1, 93))
