"""Which points have which price now: how far a change reaches, and whom the law protects there."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet

from accounts.models import Operator
from billing.models import SessionPrice, Tariff, TariffAssignment
from billing.selectors.assignments import AD_HOC, ANYBODY, Book, Place, Who
from billing.tariffs.afir import FAST_W
from sessions_app.models import ChargingSession
from stations.models import EVSE


@dataclass(frozen=True, slots=True)
class Point:
    """A point of FAST_W and more."""

    uid: str
    power_w: int


def points_by_tariff(operator: Operator, at: datetime, who: Who = ANYBODY) -> Counter[int | None]:
    """How many points have each tariff; None: no price at all. Points that no assignment tells apart are asked about once."""
    book = Book([operator.pk], until=at)
    counted: Counter[int | None] = Counter()
    for place, count in _places(operator):
        counted[_tariff(book, place, at, who)] += count
    return counted


def fast_ad_hoc(operator: Operator, tariff: Tariff | None, at: datetime) -> list[Point]:
    """The points of 50 kW and more whose price without a contract comes from `tariff` (None: from nowhere yet)."""
    book = Book([operator.pk], until=at)
    rows = _evses(operator).filter(max_power_w__gte=FAST_W).order_by("uid")
    columns = ("pk", "station_id", "station__location_id", "power_type", "uid", "max_power_w")
    return [
        Point(uid, power)
        for pk, station, location, power_type, uid, power in rows.values_list(*columns)
        if _tariff(book, Place(operator.pk, location, station, pk, power_type), at, AD_HOC) == (tariff and tariff.pk)
    ]


def fast_places(operator: Operator) -> dict[Place, list[str]]:
    """The points of 50 kW and more, by uid, where the operator's assignments can tell them apart."""
    fine = _columns(operator)
    columns = ("uid", "station__location_id", "power_type", "station_id", "pk")
    found: dict[Place, list[str]] = {}
    for uid, location, power_type, station, pk in (
        _evses(operator).filter(max_power_w__gte=FAST_W).values_list(*columns)
    ):
        place = Place(
            operator.pk, location, station if "station_id" in fine else None, pk if "pk" in fine else None, power_type
        )
        found.setdefault(place, []).append(uid)
    return found


def rank(row: TariffAssignment) -> tuple[int, int, bool]:
    """As prices are asked, first is least: people, place, power (selectors.assignments.ranked)."""
    people = (row.plan_id, row.driver_group_id, row.partner, row.ad_hoc)
    places = (row.evse_id, row.station_id, row.location_id)
    return _first(people), _first(places), not row.power_type


def _first(given: Sequence[object]) -> int:
    return next((n for n, value in enumerate(given) if value), len(given))


def running(tariff: Tariff) -> int:
    """Charges that began at a price of this tariff and still run."""
    return SessionPrice.objects.filter(version__tariff=tariff, session__status=ChargingSession.Status.ACTIVE).count()


def _tariff(book: Book, place: Place, at: datetime, who: Who) -> int | None:
    version = book.version(place, at, who)
    return version.tariff_id if version else None


def _evses(operator: Operator) -> QuerySet[EVSE]:
    return EVSE.objects.filter(station__operator=operator, station__archived_at=None)


def _places(operator: Operator) -> Iterator[tuple[Place, int]]:
    """Groups of points, as fine as the operator's assignments are."""
    for row in _evses(operator).order_by().values(*_columns(operator)).annotate(n=Count("pk")):
        place = Place(operator.pk, row["station__location_id"], row.get("station_id"), row.get("pk"), row["power_type"])
        yield place, row["n"]


def _columns(operator: Operator) -> list[str]:
    """What the operator's assignments tell points apart by."""
    assigned = TariffAssignment.objects.filter(operator=operator)
    fine = assigned.filter(evse__isnull=False).exists()
    columns = ["station__location_id", "power_type"]
    if fine or assigned.filter(station__isnull=False).exists():
        columns.append("station_id")
    if fine:
        columns.append("pk")
    return columns
