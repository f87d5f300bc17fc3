"""Distances and boxes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms.portal import geography
from cms.portal.geography import Point

BOLOGNA, MODENA = Point(44.4949, 11.3426), Point(44.6471, 10.9252)
points = st.builds(Point, st.floats(-85, 85), st.floats(-179, 179))


def test_bologna_to_modena_is_37_km() -> None:
    assert geography.metres(BOLOGNA, MODENA) == pytest.approx(37_150, abs=200)


@given(points, points)
def test_distance_is_the_same_both_ways_and_never_negative(a: Point, b: Point) -> None:
    assert geography.metres(a, b) == geography.metres(b, a) >= 0


@given(points, points, st.integers(1_000, 500_000))
def test_what_is_within_the_radius_is_in_the_box(centre: Point, other: Point, radius: int) -> None:
    box = geography.around(centre, radius)
    near_the_seam = abs(centre.longitude) > 90
    if geography.metres(centre, other) <= radius * 0.99 and not near_the_seam:
        assert box.south <= other.latitude <= box.north
        assert box.west <= other.longitude <= box.east


@pytest.mark.parametrize(
    ("latitude", "longitude", "point"),
    [
        ("44.49", "11.34", Point(44.49, 11.34)),
        ("91", "0", None),
        ("0", "181", None),
        ("nan", "0", None),
        ("", "", None),
        ("1e400", "0", None),
        ("quarantaquattro", "11", None),
    ],
)
def test_only_places_on_earth_are_read(latitude: str, longitude: str, point: Point | None) -> None:
    assert geography.parse(latitude, longitude) == point
