"""A page asks the database as often for a hundred stations as for ten."""

from datetime import timedelta

from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Operator
from stations.diagnostics import faults
from stations.models import Fault
from tests.cms import driving

# page → the most queries it may need; signing in, the operator, and the rail's badges are ten of them
PAGES = {
    "/ops/": 33,
    "/ops/stations/": 18,
    "/ops/stations/?search=CP&state=faulted": 18,
    "/ops/map/": 12,
    "/ops/locations/": 12,
    "/ops/incidents/": 14,
    "/ops/search/?q=CP": 18,
}


def network(operator: Operator, first: int, last: int) -> None:
    """Stations at a place each, every one with a fault of its own."""
    at = timezone.now() - timedelta(minutes=30)
    found = []
    for number in range(first, last):
        unit = driving.stand(
            driving.place(operator, name=f"Place {number:03}"), ("Faulted", "Charging"), identity=f"CP-{number:04}"
        )
        found.append(faults.Finding(unit.pk, 1, 1, Fault.Kind.FAULTED, "GroundFailure", at))
    faults.report_all(found)


def asked(client: Client) -> dict[str, int]:
    counts = {}
    for page in PAGES:
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page).status_code == 200
        counts[page] = len(queries)
    return counts


def test_no_page_asks_more_for_more_stations(client, olga, operator):
    client.force_login(olga)
    network(operator, 0, 10)
    asked(client)
    ten = asked(client)
    network(operator, 10, 100)
    hundred = asked(client)
    assert hundred == ten
    assert {page: n for page, n in ten.items() if n > PAGES[page]} == {}
