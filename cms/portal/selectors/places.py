"""Public places of all operators, searched by words, plug, power and distance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils.text import slugify

from billing.models import TariffVersion
from cms.portal import price_card, states
from cms.portal.geography import Point
from cms.portal.price_card import PriceCard
from cms.portal.selectors import evses, nearness, prices
from cms.portal.selectors.evses import EvseNow
from cms.portal.selectors.prices import Asker
from stations.models import EVSE, ChargingStation, Connector, Location

ROWS = 20
FEW = 1000  # up to here measuring all costs less than looking for a box that holds enough
_WORDS_IN = ("name", "address", "city", "postal_code", "province")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the driver asked for. Every member empty means every public place."""

    text: str = ""
    standards: tuple[str, ...] = ()
    min_power_w: int = 0
    free: bool = False
    near: Point | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A price, and the sockets that have it."""

    card: PriceCard
    sockets: Sequence[EvseNow]


@dataclass(frozen=True, slots=True)
class Place:
    """A location as a row or a pin. `metres` is None where nobody said where they are."""

    location: Location
    evses: Sequence[EvseNow]
    metres: int | None = None
    offers: Sequence[Offer] = ()
    fitting: frozenset[int] = field(default_factory=frozenset)

    @property
    def price(self) -> PriceCard:
        return self.offers[0].card if self.offers else price_card.NONE

    @property
    def counted(self) -> Sequence[EvseNow]:
        """The EVSEs that fit what was asked for; all of them where nothing was."""
        return [e for e in self.evses if e.evse.pk in self.fitting] if self.fitting else self.evses

    @property
    def free(self) -> int:
        return sum(e.state == states.AVAILABLE for e in self.counted)

    @property
    def total(self) -> int:
        return len(self.counted)

    @property
    def state(self) -> str:
        return states.of_place(e.state for e in self.counted)

    @property
    def max_power_w(self) -> int:
        return max((e.evse.max_power_w or 0 for e in self.counted), default=0)

    @property
    def heard_at(self) -> datetime | None:
        """The oldest word we rely on: a place is as fresh as its quietest station that is online."""
        heard = [e.heard_at for e in self.counted if e.heard_at and e.state != states.OFFLINE]
        return min(heard, default=None) or max((e.heard_at for e in self.counted if e.heard_at), default=None)

    @property
    def since(self) -> datetime | None:
        return min((e.since for e in self.counted if e.since), default=None)

    @property
    def point(self) -> Point | None:
        return nearness.point_of(self.location)

    @property
    def url(self) -> str:
        name = slugify(self.location.name)
        return reverse("portal:site", args=[f"{self.location.pk}-{name}" if name else str(self.location.pk)])

    @property
    def topics(self) -> str:
        """What a block that shows this place listens to."""
        return " ".join(f"evse:{seen.evse.uid}" for seen in self.evses)


@dataclass(frozen=True, slots=True)
class Found:
    """One page of places; `total` counts all that match."""

    places: Sequence[Place]
    total: int

    @property
    def free(self) -> int:
        return sum(place.free for place in self.places)

    @property
    def topics(self) -> str:
        return " ".join(place.topics for place in self.places)


def listed() -> QuerySet[Location]:
    """Locations that anybody may see: listed, not archived, with something to charge at."""
    usable = EVSE.objects.filter(station__location=OuterRef("pk"), station__archived_at=None)
    return Location.objects.filter(Exists(usable), public=True, archived_at=None)


def search(wish: Wish, *, at: datetime, asker: Asker, start: int = 0, rows: int = ROWS) -> Found:
    """Nearest first with a point, else by city and name. A fixed number of queries whatever the number of places."""
    matching = listed().filter(_words(wish.text))
    if wish.standards or wish.min_power_w or wish.free:
        matching = matching.filter(Exists(_connectors(wish).filter(evse__station__location=OuterRef("pk"))))
    if wish.near is None:
        page = list(matching.order_by("city", "name", "pk").values_list("pk", flat=True)[start : start + rows])
        return Found(described(page, at=at, asker=asker, wish=wish), matching.count())
    placed = matching.filter(latitude__isnull=False, longitude__isnull=False)
    total = placed.count()
    distances = (
        nearness.measured(placed, wish.near)
        if total <= FEW
        else nearness.distances(placed, wish.near, wanted=start + rows)
    )
    nearest = sorted(distances, key=lambda pk: (distances[pk], pk))[start : start + rows]
    return Found(described(nearest, at=at, asker=asker, wish=wish, distances=distances), total)


def described(
    pks: Sequence[int],
    *,
    at: datetime,
    asker: Asker,
    wish: Wish | None = None,
    distances: Mapping[int, int] | None = None,
) -> list[Place]:
    """Places in the order of `pks`, with the state of every EVSE and the price that holds at `at` for who asks."""
    locations = _with_stations(Location.objects.filter(pk__in=pks))
    flat = [evse for place in locations for station in place.stations.all() for evse in station.evses.all()]
    now = {seen.evse.pk: seen for seen in evses.seen(flat)}
    tariffs = prices.versions(flat, at=at, asker=asker)
    fitting = _fitting(pks, wish)
    made = {}
    for place in locations:
        here = [now[evse.pk] for station in place.stations.all() for evse in station.evses.all()]
        offers = _offers(here, fitting, tariffs, place.time_zone, at)
        made[place.pk] = Place(place, here, (distances or {}).get(place.pk), offers, fitting)
    return [made[pk] for pk in pks if pk in made]


def _offers(
    here: Sequence[EvseNow],
    fitting: frozenset[int],
    tariffs: Mapping[int, TariffVersion | None],
    time_zone: str,
    at: datetime,
) -> list[Offer]:
    """One for each price, the strongest socket that fits first: a line of a list speaks of that one."""
    ordered = sorted(
        here, key=lambda seen: (bool(fitting) and seen.evse.pk not in fitting, -(seen.evse.max_power_w or 0))
    )
    sockets: dict[TariffVersion | None, list[EvseNow]] = {}
    for seen in ordered:
        sockets.setdefault(tariffs[seen.evse.pk], []).append(seen)
    return [
        Offer(prices.card(version, time_zone=time_zone, power_w=seen[0].evse.max_power_w or None, at=at), seen)
        for version, seen in sockets.items()
    ]


def cities(limit: int = 8) -> list[tuple[str, int]]:
    """Where there is something at all, most places first: what an empty answer offers instead."""
    rows = listed().values_list("city").annotate(n=Count("pk")).order_by("-n", "city")
    return [(city, n) for city, n in rows[:limit]]


def _words(text: str) -> Q:
    query = Q()
    for word in text.replace(",", " ").split()[:8]:
        anywhere = Q()
        for name in _WORDS_IN:
            anywhere |= Q(**{f"{name}__icontains": word})
        query &= anywhere
    return query


def _connectors(wish: Wish) -> QuerySet[Connector]:
    fitting: dict[str, Any] = {"evse__station__archived_at": None}
    if wish.standards:
        fitting["standard__in"] = wish.standards
    if wish.min_power_w:
        fitting["evse__max_power_w__gte"] = wish.min_power_w
    if wish.free:
        fitting |= {"status": "Available", "evse__station__online": True}
    return Connector.objects.filter(**fitting)


def _fitting(pks: Sequence[int], wish: Wish | None) -> frozenset[int]:
    if not wish or not (wish.standards or wish.min_power_w):
        return frozenset()
    hardware = Wish(standards=wish.standards, min_power_w=wish.min_power_w)
    found = _connectors(hardware).filter(evse__station__location__in=pks)
    return frozenset(found.values_list("evse_id", flat=True))


def _with_stations(locations: QuerySet[Location]) -> list[Location]:
    stations = ChargingStation.objects.filter(archived_at=None).order_by("identity")
    evse_rows = EVSE.objects.order_by("evse_id").prefetch_related("connectors")
    return list(
        locations.select_related("operator").prefetch_related(
            Prefetch("stations", queryset=stations.prefetch_related(Prefetch("evses", queryset=evse_rows)))
        )
    )
