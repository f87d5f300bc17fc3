"""How far places are from somebody, without reading the whole country for it."""

from django.db.models import QuerySet

from cms.portal import geography
from cms.portal.geography import Point
from stations.models import Location

_FIRST_RADIUS_M = 15_000
_WIDENINGS = 5  # 15 km, 60 km, 240 km … then everywhere


def point_of(location: Location) -> Point | None:
    if location.latitude is None or location.longitude is None:
        return None
    return Point(float(location.latitude), float(location.longitude))


def distances(placed: QuerySet[Location], centre: Point, *, wanted: int) -> dict[int, int]:
    """Metres by primary key. The box grows until it holds enough: the whole country is read only when it must be."""
    radius = _FIRST_RADIUS_M
    for _ in range(_WIDENINGS):
        box = geography.around(centre, radius)
        inside = placed.filter(
            latitude__range=(f"{box.south:.6f}", f"{box.north:.6f}"),
            longitude__range=(f"{box.west:.6f}", f"{box.east:.6f}"),
        )
        found = measured(inside, centre)
        if sum(metres <= radius for metres in found.values()) >= wanted:
            return found
        radius *= 4
    return measured(placed, centre)


def measured(locations: QuerySet[Location], centre: Point) -> dict[int, int]:
    rows = locations.values_list("pk", "latitude", "longitude")
    return {
        pk: geography.metres(centre, Point(float(n), float(e))) for pk, n, e in rows if n is not None and e is not None
    }
