"""/ops/stations/: find, compare; the map and the list of sites."""

import pytest
from django.test import Client

from accounts.models import Operator, User
from billing.models import Export
from stations.models import ChargingStation
from tests.cms import driving
from tests.factories import StationFactory


@pytest.fixture
def network(operator: Operator) -> dict[str, ChargingStation]:
    bologna, modena = driving.place(operator, "Bologna"), driving.place(operator, "Modena", at=None)
    return {
        "free": driving.stand(
            bologna, ("Available", "Available"), identity="CP-0001", uid="IT*ADR*E0001*1", code="AAA222"
        ),
        "busy": driving.stand(bologna, ("Charging", "Faulted"), identity="CP-0002", name="Nord"),
        "gone": driving.stand(modena, ("Available",), online=False, identity="CP-0003"),
        "new": StationFactory(operator=operator, location=None, identity="CP-0004"),
    }


def listed(client: Client, who: User, query: str = "") -> list[str]:
    client.force_login(who)
    answer = client.get(f"/ops/stations/?lang=en{query}")
    assert answer.status_code == 200
    shown = answer.content.decode()
    return [name for name in ("CP-0001", "CP-0002", "CP-0003", "CP-0004") if f">{name}</a>" in shown]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["CP-0001", "CP-0002", "CP-0003", "CP-0004"]),
        ("&state=available", ["CP-0001"]),
        ("&state=charging", ["CP-0002"]),
        ("&state=faulted", ["CP-0002"]),
        ("&state=offline", ["CP-0003", "CP-0004"]),
        ("&state=problem", []),
        ("&state=nonsense", ["CP-0001", "CP-0002", "CP-0003", "CP-0004"]),
        ("&search=cp-0003", ["CP-0003"]),
        ("&search=nord", ["CP-0002"]),
        ("&search=Modena", ["CP-0003"]),
        ("&search=IT*ADR*E0001", ["CP-0001"]),
        ("&search=aaa222", ["CP-0001"]),
        ("&search=nowhere", []),
        ("&site=none", ["CP-0004"]),
        ("&site=99999999999999999999", ["CP-0001", "CP-0002", "CP-0003", "CP-0004"]),
        ("&state=charging&search=cp-0001", []),
        ("&page=nonsense", ["CP-0001", "CP-0002", "CP-0003", "CP-0004"]),
    ],
)
def test_filters_live_in_the_query_string(client, olga, network, query, found):
    assert listed(client, olga, query) == found


def test_the_list_is_a_file_with_its_filters_and_a_line_in_the_history(client, olga, network):
    place = network["gone"].location
    place.postal_code = "00184"
    place.save()
    client.force_login(olga)
    asked = {"kind": "stations", "preset": "csv_en", "site": place.pk, "search": "cp-"}
    sheet = client.post("/ops/billing/exports/start/", asked, follow=True).getvalue().decode().splitlines()
    assert [line.split(",")[0] for line in sheet[1:]] == ["CP-0003"]
    assert "00184 " in sheet[1]
    (job,) = Export.objects.all()
    assert (job.rows, len(job.sha256)) == (1, 64)
    assert "cp- · Modena" in client.get("/ops/jobs/").content.decode()


def test_a_site_is_a_filter(client, olga, network):
    assert listed(client, olga, f"&site={network['gone'].location_id}") == ["CP-0003"]


def test_facets_count_stations(client, olga, network):
    client.force_login(olga)
    shown = client.get("/ops/stations/?lang=en").content.decode()
    facets = [(facet.value, facet.count) for facet in client.get("/ops/stations/").context["facets"]]
    assert facets == [
        ("available", 1),
        ("charging", 1),
        ("occupied", 0),
        ("reserved", 0),
        ("unavailable", 0),
        ("faulted", 1),
        ("offline", 2),
    ]
    assert "Never connected" in shown


def test_carla_finds_none_of_olgas_stations(client, carla, network):
    assert listed(client, carla) == []
    assert listed(client, carla, "&search=CP-0001") == []


def test_an_archived_station_is_not_listed(client, olga, network):
    network["free"].archived_at = "2026-01-01T00:00Z"
    network["free"].save()
    assert "CP-0001" not in listed(client, olga)


def test_the_number_of_queries_does_not_grow_with_the_stations(client, olga, operator, django_assert_num_queries):
    def queries() -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get("/ops/stations/").status_code == 200
        return len(captured)

    client.force_login(olga)
    place = driving.place(operator)
    driving.stand(place, ("Available", "Charging"))
    few = queries()
    for _each in range(10):
        driving.stand(place, ("Available", "Charging"))
    assert queries() == few
    assert few <= 20


def test_fifty_a_page(client, olga, operator):
    for n in range(51):
        StationFactory(operator=operator, location=None, identity=f"ST-{n:03}")
    client.force_login(olga)
    first = client.get("/ops/stations/?lang=en&search=ST").content.decode()
    assert "1–50 of 51" in first
    assert "?lang=en&amp;search=ST&amp;page=2" in first
    assert "ST-050" in client.get("/ops/stations/?search=ST&page=2").content.decode()


def test_the_map_pins_what_has_coordinates_and_lists_the_rest(client, olga, network):
    client.force_login(olga)
    answer = client.get("/ops/map/?lang=en")
    shown = answer.content.decode()
    assert 'data-lat="44.509000" data-lng="11.352000" data-state="faulted" data-label="2/4"' in shown
    assert "Not on the map yet" in shown
    assert "https://tile.openstreetmap.org" in answer["Content-Security-Policy"]
    assert "openstreetmap" not in client.get("/ops/stations/")["Content-Security-Policy"]


def test_sites_show_their_connectors(client, olga, carla, network):
    client.force_login(olga)
    assert "2 sites." in client.get("/ops/locations/?lang=en").content.decode()
    client.force_login(carla)
    assert "No sites yet." in client.get("/ops/locations/?lang=en").content.decode()
