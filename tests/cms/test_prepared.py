"""A prepared query must mean the same as the query it was made of, every time it is asked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import Q

from cms.core.prepared import Given, prepared
from stations.models import ChargingStation, Connector
from tests.factories import ConnectorFactory, StationFactory

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)


@prepared
def by_identity(identities: Given) -> Any:
    return (
        ChargingStation.objects.filter(identity__among=identities)
        .order_by("identity")
        .values_list("identity", "online")
    )


@prepared
def seen_since(since: Given, stations: Given) -> Any:
    """Arguments come in another order than in the query, one of them twice."""
    late = Q(last_seen__gte=since) | Q(last_boot__gte=since)
    return (
        ChargingStation.objects.filter(late, pk__among=stations, vendor="100 % “O'Neill”")
        .exclude(model__contains="%")
        .order_by("pk")
        .values_list("identity", "last_seen", "operator__name")
    )


@prepared
def connectors(stations: Given) -> Any:
    return (
        Connector.objects.filter(evse__station__among=stations, status="Faulted")
        .select_for_update(of=("self",))
        .values_list("evse__station_id", "connector_id")
    )


def test_any_number_of_values_is_one_question():
    for number in range(3):
        StationFactory(identity=f"CP-{number}")
    assert by_identity(["CP-2", "CP-0", "CP-7"]) == [("CP-0", False), ("CP-2", False)]
    assert by_identity(["CP-1"]) == [("CP-1", False)]
    assert by_identity([f"CP-{number}" for number in range(1000)]) == [(f"CP-{n}", False) for n in range(3)]


def test_an_empty_list_finds_nothing():
    StationFactory(identity="CP-0")
    assert by_identity([]) == []


def test_texts_of_stations_are_values_and_never_sql():
    odd = 'it\'s "odd" % %s %(x)s \\ [1,2] {a,b} 🔌'
    StationFactory(identity=odd[:80])
    assert by_identity([odd, "'; DROP TABLE stations_chargingstation; --"]) == [(odd, False)]


def test_times_and_constants_mean_what_they_mean_to_django():
    station = StationFactory(vendor="100 % “O'Neill”", model="B", last_seen=NOON)
    StationFactory(vendor="100 % “O'Neill”", model="50 %", last_seen=NOON)
    assert seen_since(NOON, [station.pk]) == [(station.identity, NOON, station.operator.name)]
    assert seen_since(NOON + timedelta(microseconds=1), [station.pk]) == []


def test_rows_are_found_through_relations():
    broken = ConnectorFactory(status="Faulted", connector_id=2)
    ConnectorFactory(status="Available")
    assert connectors([broken.evse.station_id]) == [(broken.evse.station_id, 2)]
