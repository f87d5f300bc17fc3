"""The list of stations: filters, facets, and what one row shows."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.models import Operator
from cms.core import typed
from cms.dashboard.selectors import states
from cms.templatetags.ui import STATES
from stations.models import EVSE, ChargingStation, Connector, Fault, Location
from stations.models.station import StationQuerySet


@dataclass(frozen=True, slots=True)
class Filters:
    """As in the query string; unknown values are no filter."""

    state: str = ""
    search: str = ""
    site: str = ""

    @classmethod
    def read(cls, given: dict[str, str]) -> "Filters":
        state = given.get("state", "")
        site = given.get("site", "")
        site = site if site == "none" or typed.number(given, "site") is not None else ""
        return cls(
            state=state if state in STATES or state in ("problem", "clock") else "",
            search=typed.line(given, "search"),
            site=site,
        )

    @property
    def any(self) -> bool:
        return bool(self.state or self.search or self.site)


@dataclass(slots=True)
class Row:
    """A station with its connectors' states; `problem` is its worst open fault."""

    station: ChargingStation
    connectors: list[Connector] = field(default_factory=list)
    faults: int = 0

    @property
    def never(self) -> bool:
        return self.station.last_seen is None


@dataclass(frozen=True, slots=True)
class Facet:
    value: str
    word: str
    count: int
    chosen: bool


def of(operator: Operator) -> StationQuerySet:
    return ChargingStation.objects.filter(operator=operator).current()


def matching(operator: Operator, filters: Filters) -> QuerySet[ChargingStation]:
    """Problems first, then by identity."""
    wanted = _with_state(_searched(operator, filters), filters.state)
    trouble = Fault.objects.filter(station=OuterRef("pk"), closed_at=None)
    return wanted.annotate(troubled=Exists(trouble)).select_related("location").order_by("-troubled", "identity")


def _searched(operator: Operator, filters: Filters) -> StationQuerySet:
    """By search and site only: what the state facet counts."""
    wanted = of(operator)
    if filters.site == "none":
        wanted = wanted.filter(location=None)
    elif filters.site:
        wanted = wanted.filter(location=int(filters.site))
    if filters.search:
        text = filters.search
        evses = EVSE.objects.filter(Q(uid__icontains=text) | Q(short_code__iexact=text), station=OuterRef("pk"))
        wanted = wanted.filter(
            Q(identity__icontains=text)
            | Q(name__icontains=text)
            | Q(serial_number__icontains=text)
            | Q(model__icontains=text)
            | Q(location__name__icontains=text)
            | Q(location__address__icontains=text)
            | Q(location__city__icontains=text)
            | Exists(evses)
        )
    return wanted


def _with_state(wanted: StationQuerySet, state: str) -> QuerySet[ChargingStation]:
    if state == "problem":
        return wanted.filter(Exists(Fault.objects.filter(station=OuterRef("pk"), closed_at=None)))
    if state == "clock":
        return wanted.with_wrong_clock()
    if state == "offline":
        return wanted.filter(online=False)
    if state:
        inside = states.with_state(Connector.objects.filter(evse__station=OuterRef("pk"))).filter(state=state)
        return wanted.filter(Exists(inside))
    return wanted


def state_facets(operator: Operator, filters: Filters) -> list[Facet]:
    """How many stations have at least one connector in a state; offline and problem count stations. Three queries."""
    stations = _searched(operator, filters)
    connectors = states.with_state(Connector.objects.filter(evse__station__in=stations.filter(online=True)))
    rows = connectors.values_list("state").annotate(n=Count("evse__station", distinct=True)).order_by()
    counts = dict(rows)
    counts["offline"] = stations.filter(online=False).count()
    return [Facet(token, str(STATES[token]), n, filters.state == token) for token, n in states.in_order(counts)]


def problem_counts(operator: Operator, filters: Filters) -> dict[str, int]:
    """Stations with a problem, and those with a wrong clock. One query."""
    found = _searched(operator, filters)
    count = {
        state: Count("pk", filter=Q(pk__in=_with_state(of(operator), state).values("pk")))
        for state in ("problem", "clock")
    }
    return found.aggregate(**count)


def sites(operator: Operator) -> list[tuple[int, str, int]]:
    """(pk, name, number of stations) of every location."""
    counted = Location.objects.filter(operator=operator, archived_at=None).annotate(
        n=Count("stations", filter=Q(stations__archived_at=None))
    )
    return list(counted.order_by("name").values_list("pk", "name", "n"))


def rows(stations: Sequence[ChargingStation]) -> list[Row]:
    """Connectors and open faults of one page of stations, in two queries."""
    found = {station.pk: Row(station) for station in stations}
    connectors = states.with_state(Connector.objects.filter(evse__station__in=found)).select_related("evse")
    for connector in connectors.order_by("evse__evse_id", "connector_id"):
        found[connector.evse.station_id].connectors.append(connector)
    faults = Fault.objects.filter(station__in=found, closed_at=None).values_list("station").annotate(n=Count("pk"))
    for pk, count in faults.order_by():
        found[pk].faults = count
    return list(found.values())


def board(station: ChargingStation) -> list[Any]:
    """A station's Connectors with `state` and their EVSE."""
    connectors = states.with_state(Connector.objects.filter(evse__station=station)).select_related("evse")
    return list(connectors.order_by("evse__evse_id", "connector_id"))


def network(operator: Operator) -> dict[str, int]:
    """Connectors by state token, over the whole network."""
    mine = Connector.objects.filter(evse__station__operator=operator, evse__station__archived_at=None)
    return dict(states.with_state(mine).values_list("state").annotate(n=Count("pk")).order_by())


def by_location(operator: Operator) -> list[tuple[Location, list[Any]]]:
    """Every location with its connectors' states, for the map and the list of sites. Two queries."""
    locations = Location.objects.filter(operator=operator, archived_at=None).order_by("city", "name")
    grouped: dict[int, list[Any]] = defaultdict(list)
    mine = Connector.objects.filter(evse__station__location__in=locations, evse__station__archived_at=None)
    for connector in states.with_state(mine).select_related("evse__station"):
        grouped[connector.evse.station.location_id or 0].append(connector)
    return [(location, grouped[location.pk]) for location in locations]
