"""The form's tariff and OCPI elements say the same thing."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.tariffs import parsing, plain
from billing.tariffs.plain import Plain

prices = st.none() | st.decimals(0, 1000, places=4)
plains = st.builds(
    Plain, energy=prices, flat=prices, minute=prices, parking=prices, grace_min=st.none() | st.integers(0, 600),
    parking_cap=prices, whole_minutes=st.booleans(), vat=st.none() | st.sampled_from([Decimal(22), Decimal(10), Decimal(0)]),
)  # fmt: skip


@given(plains)
def test_every_plain_tariff_is_valid_and_comes_back_in_the_same_words(given: Plain) -> None:
    elements = plain.elements(given)
    parsing.tariff(elements)
    again = plain.read(elements)
    assert again is not None
    assert plain.elements(again) == elements


def test_a_price_per_kwh_with_parking_after_grace() -> None:
    tariff = Plain(
        energy=Decimal("0.55"), parking=Decimal("0.10"), grace_min=15, parking_cap=Decimal(12), vat=Decimal(22)
    )
    assert plain.elements(tariff) == [
        {"price_components": [{"type": "ENERGY", "price": Decimal("0.55"), "step_size": 1, "vat": Decimal(22)}]},
        {
            "price_components": [
                {
                    "type": "PARKING_TIME",
                    "price": Decimal("6.00"),
                    "step_size": 1,
                    "vat": Decimal(22),
                    "max_amount": Decimal(12),
                }
            ],
            "restrictions": {"min_parking_duration": 900},
        },
    ]


def test_minutes_that_have_begun_may_count_in_full() -> None:
    tariff = Plain(energy=Decimal("0.55"), parking=Decimal("0.10"), grace_min=15, whole_minutes=True)
    steps = [c["step_size"] for element in plain.elements(tariff) for c in element["price_components"]]
    assert steps == [1, 60]
    assert plain.read(plain.elements(tariff)) == tariff


@pytest.mark.parametrize(
    "elements",
    [
        [
            {
                "price_components": [{"type": "ENERGY", "price": 1, "step_size": 1}],
                "restrictions": {"start_time": "22:00"},
            }
        ],
        [{"price_components": [{"type": "ENERGY", "price": 1, "step_size": 1000}]}],
        [{"price_components": [{"type": "ENERGY", "price": 1, "vat": 22}, {"type": "FLAT", "price": 1, "vat": 10}]}],
    ],
    ids=["by hour", "by whole kWh", "two VAT rates"],
)
def test_what_the_form_cannot_say_is_left_to_json(elements: list) -> None:
    assert plain.read(elements) is None
