"""Every case of a golden file comes out to the cent, the exact fraction and the billed quantity.

The reference file holds the examples of the OCPI texts; tests/data/tariffs holds our own, so that a bare checkout is tested too.
"""

import json
from collections import Counter
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from billing.tariffs import engine, exact, parsing
from billing.tariffs.breakdown import Breakdown
from billing.tariffs.model import Dimension
from billing.tariffs.periods import Period, State
from tests.conftest import DATA

OWN = DATA / "tariffs" / "golden.json"
# The reference file spells the fixed fee of a reservation in its own way.
SPELLING = {"RESERVATION_TIMEERVATION_FLAT": "RESERVATION_FLAT"}


def cases(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_text(), parse_float=Decimal)["cases"]


def priced(case: dict[str, Any]) -> Breakdown:
    periods = [
        Period(
            datetime.fromisoformat(p["start"]),
            datetime.fromisoformat(p["end"]),
            State(p["state"]),
            Decimal(p["kwh"]) * 1000,
            power_w=Decimal(p["power_kw"]) * 1000 if "power_kw" in p else None,
            current_a=Decimal(p["current_a"]) if "current_a" in p else None,
        )
        for p in case["periods"]
    ]
    tariff = parsing.tariff(**case["own_tariff"]) if "own_tariff" in case else parsing.ocpi(case["tariff"])
    expired = case.get("reservation_expired", False)
    return engine.price(tariff, periods, ZoneInfo(case["time_zone"]), reservation_expired=expired)


def billed(breakdown: Breakdown) -> Counter:
    found: Counter = Counter()
    for line in breakdown.lines:
        quantity = line.quantity * 3600 if line.dimension.unit == "h" else line.quantity
        if quantity:
            found[line.dimension.value, line.unit_price, line.vat] += quantity
    return found


def expected_billed(case: dict[str, Any]) -> Counter:
    found: Counter = Counter()
    for entry in case["expected"]["billed"]:
        dimension = Dimension(SPELLING.get(entry["dimension"], entry["dimension"]))
        vat = None if entry["vat"] is None else exact.number(entry["vat"])
        found[dimension.value, exact.number(entry["price"]), vat] += exact.number_of(str(entry["quantity"]))
    return found


def check(case: dict[str, Any]) -> None:
    breakdown, expected = priced(case), case["expected"]
    assert billed(breakdown) == expected_billed(case)
    for name in ("excl_vat", "incl_vat"):
        unrounded = expected[f"{name}_unrounded"]
        assert getattr(breakdown, name) == (None if unrounded is None else Fraction(unrounded)), name
        rounded = getattr(breakdown, f"total_{name}")
        assert (None if rounded is None else str(rounded)) == expected[name]
    assert breakdown.energy_wh == Fraction(expected["total_energy_kwh"]) * 1000
    hours = (breakdown.charging_s + breakdown.parking_s) / 3600
    assert abs(hours - Fraction(expected["total_time_h"])) < Fraction(1, 10**9)
    assert abs(breakdown.parking_s / 3600 - Fraction(expected["total_parking_time_h"])) < Fraction(1, 10**9)


@pytest.mark.parametrize("case", cases(OWN), ids=lambda case: case["id"])
def test_our_own_case(case: dict[str, Any]) -> None:
    check(case)


REFERENCE_IDS = [f"S{n:02}" for n in range(1, 35)] + [f"H{n:02}" for n in range(1, 25)]


@pytest.mark.parametrize("case_id", REFERENCE_IDS)
def test_reference_case(case_id: str, reference_data: Path) -> None:
    by_id = {case["id"]: case for case in cases(reference_data / "ocpi" / "golden_tariffs.json")}
    check(by_id[case_id])


def test_no_reference_case_is_left_out(reference_data: Path) -> None:
    found = [case["id"] for case in cases(reference_data / "ocpi" / "golden_tariffs.json")]
    assert sorted(found) == sorted(REFERENCE_IDS)
