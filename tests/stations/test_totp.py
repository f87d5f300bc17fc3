"""The changing part of a QR code: the method's own vectors, and what a tired clock may do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stations import totp
from stations.totp import DIGITS_AND_LETTERS, WITHOUT_O, Settings

SETTINGS = Settings("abc123", validity_s=30, length=8)
NOW = 1_700_000_000


@pytest.mark.parametrize(
    ("at", "alphabet", "shown"),
    [
        (NOW, DIGITS_AND_LETTERS, "pxnTYk5f"),
        (NOW, WITHOUT_O, "rBqWZn6g"),
        (NOW + 30, DIGITS_AND_LETTERS, "9zKZGtrS"),
        (NOW + 30, WITHOUT_O, "bBN1HutV"),
    ],
)
def test_the_vectors_of_the_method(at: int, alphabet: str, shown: str) -> None:
    settings = Settings("abc123", 30, 8, alphabet)
    assert totp.code(settings, totp.interval_at(settings, at)) == shown


@pytest.mark.parametrize("shown", ["pxnTYk5f", "rBqWZn6g"])
def test_either_alphabet_is_understood(shown: str) -> None:
    assert totp.intervals(SETTINGS, shown, unix_seconds=NOW) == [NOW // 30]


@pytest.mark.parametrize(("late", "known"), [(-31, True), (-30, True), (0, True), (29, True), (59, False), (70, False)])
def test_the_interval_before_and_the_next_one_count(late: int, known: bool) -> None:
    """2023-11-14 22:13:20 lies 20 s into its interval."""
    assert bool(totp.intervals(SETTINGS, "pxnTYk5f", unix_seconds=NOW + late)) == known


@given(st.text(max_size=12))
def test_no_other_text_is_a_code(text: str) -> None:
    right = {
        totp.code(Settings("abc123", 30, 8, a), NOW // 30 + step)
        for a in (DIGITS_AND_LETTERS, WITHOUT_O)
        for step in (-1, 0, 1)
    }
    assert bool(totp.intervals(SETTINGS, text, unix_seconds=NOW)) == (text in right)


@given(st.text(min_size=1, max_size=40), st.integers(10, 3600), st.integers(4, 32), st.integers(0, 2**33))
def test_what_a_station_shows_is_understood_at_once(secret: str, validity_s: int, length: int, at: int) -> None:
    settings = Settings(secret, validity_s, length)
    shown = totp.code(settings, totp.interval_at(settings, at))
    assert len(shown) == length
    assert totp.interval_at(settings, at) in totp.intervals(settings, shown, unix_seconds=at)
