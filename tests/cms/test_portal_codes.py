"""Codes as people type them."""

import pytest

from cms.portal import codes


@pytest.mark.parametrize(
    "typed", ["IT*ADR*E0042*1", "it*adr*e0042*1", "ITADRE00421", " it-adr-e0042-1 ", "IT ADR E0042 1"]
)
def test_spellings_of_one_code_share_their_letters(typed: str) -> None:
    assert codes.compact(typed) == "ITADRE00421"


@pytest.mark.parametrize(
    ("typed", "is_one"),
    [
        ("ITADRE00421", True),
        ("IT*ADR*E0042*1", True),
        ("7K3M9P", True),
        ("Modena", True),
        ("Via Po 3", False),
        ("Bologna", False),
        ("", False),
        ("Forlì1", False),
        ("40128", False),
    ],
)
def test_a_code_is_told_from_a_street(typed: str, is_one: bool) -> None:
    assert codes.looks_like(typed) is is_one


def test_the_prefix_is_how_ids_of_the_operator_begin() -> None:
    assert codes.prefix("ITADRE00421") == "IT*ADR*E"


def test_misreadings_exchange_signs_that_look_alike_nearest_first() -> None:
    *one_sign, both = codes.misreadings("ITAO")
    assert (sorted(one_sign), both) == (["1TAO", "ITA0"], "1TA0")
    assert codes.misreadings("ACDF") == []


def test_too_many_possibilities_are_none() -> None:
    assert codes.misreadings("0O0O0O0O0O") == []
