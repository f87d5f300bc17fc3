"""`/`: where can I charge, how far, free or not, at what price."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Driver, DriverGroup, Operator
from stations.models import ChargingStation
from tests.cms.driving import MORNING, UID, place, price, stand
from tests.factories.billing import TariffAssignmentFactory, TariffFactory, TariffVersionFactory, element

pytestmark = pytest.mark.django_db
Page = Callable[[str], str]


@pytest.fixture(autouse=True)
def morning() -> Any:
    with time_machine.travel(MORNING, tick=False):
        yield


@pytest.fixture
def see(client: Client) -> Page:
    def get(path: str) -> str:
        answer = client.get(path, headers={"accept-language": "en"})
        assert answer.status_code == 200
        return answer.content.decode()

    return get


def rows(html: str) -> list[str]:
    """The names in the list, in its order."""
    shown = html.partition('<ol id="found"')[2].partition("</ol>")[0]
    return [part.partition("</b>")[0] for part in shown.split("<span><b>")[1:]]


def text(html: str) -> str:
    return html.replace("\u00a0", " ")


def test_public_places_of_all_operators_are_listed(see: Page, operator: Operator, other_operator: Operator) -> None:
    stand(place(operator, "Via Stalingrado 71", city="Bologna"))
    stand(place(other_operator, "Porta Susa", city="Torino"))
    assert rows(see("/")) == ["Via Stalingrado 71", "Porta Susa"]


def test_what_is_unlisted_archived_or_empty_is_not(see: Page, operator: Operator) -> None:
    stand(place(operator, "Private", public=False))
    stand(place(operator, "Closed", archived_at=MORNING))
    place(operator, "Nothing here yet")
    gone = stand(place(operator, "Taken down"))
    ChargingStation.objects.filter(pk=gone.pk).update(archived_at=MORNING)
    html = see("/")
    assert rows(html) == []
    assert "No public charger yet." in html


def test_a_row_says_distance_free_sockets_power_price_and_age(see: Page, operator: Operator) -> None:
    price(operator)
    location = place(operator)
    stand(location, ["Available", "Charging", "Available", "Faulted"], standard="IEC_62196_T2")
    ChargingStation.objects.update(last_seen=MORNING - timedelta(seconds=4))
    html = text(see("/?lat=44.506&lon=11.352"))
    assert "330 m · 22 kW" in html
    assert "2/4 free" in html
    assert "<b>€0.59</b> <small>/kWh</small>" in html
    assert "<b>4 s</b> ago" in html


def test_with_a_position_the_nearest_comes_first_and_leads_the_headline(see: Page, operator: Operator) -> None:
    stand(place(operator, "Modena", ("44.634", "10.968")))
    stand(place(operator, "Rimini", ("44.067", "12.578")))
    stand(place(operator, "Bologna", ("44.509", "11.352")))
    stand(place(operator, "Nowhere", None))
    html = see("/?lat=44.5&lon=11.35")
    assert rows(html) == ["Bologna", "Modena", "Rimini"]
    assert "The first is 1.0\u00a0km away." in html


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=stalingrado", ["Via Stalingrado 71"]),
        ("q=bologna+71", ["Via Stalingrado 71"]),
        ("q=TORINO", ["Porta Susa"]),
        ("q=40128", ["Via Stalingrado 71", "Porta Susa"]),
        ("q=palermo", []),
        ("plug=IEC_62196_T2_COMBO", ["Porta Susa"]),
        ("plug=IEC_62196_T2_COMBO&plug=IEC_62196_T2", ["Via Stalingrado 71", "Porta Susa"]),
        ("kw=50", ["Porta Susa"]),
        ("free=1", ["Via Stalingrado 71"]),
        ("free=1&plug=IEC_62196_T2_COMBO", []),
    ],
)
def test_words_and_filters_narrow_the_list(see: Page, operator: Operator, query: str, found: list[str]) -> None:
    stand(place(operator, city="Bologna"), ["Available"])
    stand(
        place(operator, "Porta Susa", city="Torino", address="Corso Bolzano 44"),
        ["Charging"],
        standard="IEC_62196_T2_COMBO",
        power=150_000,
    )
    assert rows(see(f"/?{query}")) == found


def test_a_filter_counts_only_what_fits(see: Page, operator: Operator) -> None:
    location = place(operator)
    stand(location, ["Available", "Available"])
    stand(location, ["Charging"], standard="IEC_62196_T2_COMBO", power=150_000)
    html = text(see("/?plug=IEC_62196_T2_COMBO"))
    assert "150 kW" in html
    assert "occupied for" in html
    assert "2/3 free" not in html


def test_a_free_socket_of_a_silent_station_is_not_free(see: Page, operator: Operator) -> None:
    stand(place(operator), ["Available"], online=False)
    assert rows(see("/?free=1")) == []
    assert "state unknown" in see("/")


@pytest.mark.parametrize(
    ("statuses", "words"),
    [
        (["Charging", "SuspendedEV"], "all occupied for 25 min"),
        (["Charging"], "occupied for 25 min"),
        (["Reserved"], "reserved"),
        (["Unavailable", "Faulted"], "out of service"),
    ],
)
def test_where_nothing_is_free_the_row_says_what_one_meets(
    see: Page, operator: Operator, statuses: list[str], words: str
) -> None:
    stand(place(operator), statuses)
    with time_machine.travel(MORNING + timedelta(minutes=25), tick=False):
        assert words in text(see("/"))


def test_an_empty_answer_offers_to_drop_the_filters_and_names_cities(see: Page, operator: Operator) -> None:
    stand(place(operator, city="Bologna"), ["Charging"])
    html = see("/?free=1&lat=44.5&lon=11.3")
    assert "No charger with all these filters." in html
    assert 'href="?lat=44.5&amp;lon=11.3">Clear the filters' in html
    assert '<a href="?q=Bologna">Bologna</a> (1)' in html


def test_a_pill_is_a_button_that_ends_in_a_link(client: Client) -> None:
    answer = client.get("/?q=bologna&from=20&toggle=plug:IEC_62196_T2")
    assert (answer.status_code, answer["Location"]) == (302, "/?q=bologna&plug=IEC_62196_T2")
    answer = client.get("/?q=bologna&plug=IEC_62196_T2&free=1&toggle=plug:IEC_62196_T2")
    assert answer["Location"] == "/?q=bologna&free=1"


@pytest.mark.parametrize("typed", [UID, "itadre00421", "7K3M9P", "7k3m9p"])
def test_a_code_in_the_search_opens_its_page(client: Client, operator: Operator, typed: str) -> None:
    stand(place(operator), uid=UID, code="7K3M9P")
    answer = client.get("/", {"q": typed})
    assert (answer.status_code, answer["Location"]) == (302, f"/c/{UID}/")


@pytest.mark.parametrize(
    "query",
    [
        "lat=91&lon=11",
        "lat=nan&lon=inf",
        "lat=44.5",
        "from=-1",
        "from=99999999999999999999",
        "from=²",
        "kw=abc",
        "plug=%00",
        "toggle=nonsense",
        "toggle=plug:EVIL",
        "q=" + "x" * 5000,
        "q=%25_%27",
        "lang=xx",
        "q=a%00b",
        "q=IT*ADR*E00%0042*1",
    ],
)
def test_a_wrong_parameter_counts_as_not_given(client: Client, operator: Operator, query: str) -> None:
    stand(place(operator))
    assert client.get(f"/?{query}", follow=True).status_code == 200


def test_more_places_than_a_page_holds_are_a_tap_away(see: Page, operator: Operator) -> None:
    for n in range(23):
        stand(place(operator, f"Place {n:02d}"))
    first = see("/")
    assert len(rows(first)) == 20
    assert 'href="?from=20"' in first
    assert rows(see("/?from=20")) == ["Place 20", "Place 21", "Place 22"]


@pytest.mark.parametrize("query", ["", "?lat=44.5&lon=11.35"])
def test_the_number_of_queries_does_not_grow_with_the_list(
    client: Client, operator: Operator, django_assert_num_queries: Any, query: str
) -> None:
    price(operator)
    for n in range(12):
        stand(place(operator, f"Place {n}", ("44.5", f"11.{n:02d}")), ["Available", "Charging"])
    with django_assert_num_queries(9):
        client.get(f"/{query}")


def test_everybody_reads_the_price_that_is_his(client: Client, operator: Operator, dario: Driver) -> None:
    """0.59 for everybody, 0.70 without an account, 0.40 in Dario's group."""
    station = stand(place(operator), uid=UID)
    price(operator)
    group = DriverGroup.objects.create(operator=operator, name="Taxi")
    group.drivers.add(dario)
    for euros, scope in (("0.70", {"ad_hoc": True}), ("0.40", {"driver_group": group})):
        version = TariffVersionFactory(tariff=TariffFactory(operator=operator), elements=[element("ENERGY", euros)])
        TariffAssignmentFactory(operator=operator, tariff=version.tariff, **scope)
    pages = ("/", f"/l/{station.location_id}-x/", f"/c/{UID}/")
    assert all(
        "€0.70" in client.get(path, headers={"accept-language": "en"}, follow=True).content.decode() for path in pages
    )
    client.force_login(dario.user)
    assert all(
        "€0.40" in client.get(path, headers={"accept-language": "en"}, follow=True).content.decode() for path in pages
    )


def test_two_prices_at_a_place_are_both_said(client: Client, operator: Operator) -> None:
    here = place(operator)
    stand(here)
    fast = stand(here, power=150_000, standard="IEC_62196_T2_COMBO")
    price(operator)
    version = TariffVersionFactory(tariff=TariffFactory(operator=operator), elements=[element("ENERGY", "0.79")])
    TariffAssignmentFactory(operator=operator, tariff=version.tariff, station=fast)
    listed = client.get("/", headers={"accept-language": "en"}).content.decode()
    site = client.get(f"/l/{here.pk}-x/", headers={"accept-language": "en"}, follow=True).content.decode()
    assert ("€0.79" in listed, "€0.59" in listed) == (True, False)  # the line speaks of its 150 kW
    assert ("€0.79" in site, "€0.59" in site) == (True, True)


def test_the_page_asks_no_other_host_before_the_map_is_wanted(client: Client, operator: Operator) -> None:
    stand(place(operator))
    answer = client.get("/")
    html = answer.content.decode()
    for attribute in (
        'src="http',
        "src='http",
        '<link rel="stylesheet" href="http',
        'leaflet.js" defer',
        '<script src="http',
    ):
        assert attribute not in html
    assert "tile.openstreetmap.org" in answer["Content-Security-Policy"]
    assert len(answer.content) < 45_000


def test_the_block_alone_answers_the_live_link(client: Client, operator: Operator) -> None:
    stand(place(operator), uid=UID)
    html = client.get("/", headers={"HX-Request": "true", "HX-Target": "places"}).content.decode()
    assert html.startswith('<div id="places" data-live="evse:IT*ADR*E0042*1"')
    assert "<html" not in html


def test_a_place_has_its_page_under_a_name_people_can_read(client: Client, operator: Operator) -> None:
    price(operator)
    location = place(operator, opening_hours="Mo–Fr 7–20")
    stand(location, ["Available", "Charging"], uid=UID)
    answer = client.get(f"/l/{location.pk}/")
    assert (answer.status_code, answer["Location"]) == (302, f"/l/{location.pk}-via-stalingrado-71/")
    html = text(client.get(answer["Location"], headers={"accept-language": "en"}).content.decode())
    for shown in (
        "1/2 free",
        "€0.59",
        UID,
        "Mo–Fr 7–20",
        "Via Stalingrado 71, 40128 Bologna",
        "destination=44.509,11.352",
    ):
        assert shown in html


@pytest.mark.parametrize("where", ["0", "999", "x", "1e3", "99999999999999999999", "-1"])
def test_an_unknown_place_is_a_404(client: Client, where: str) -> None:
    assert client.get(f"/l/{where}/").status_code == 404


def test_an_unlisted_place_is_a_404(client: Client, operator: Operator) -> None:
    location = place(operator, public=False)
    stand(location)
    assert client.get(f"/l/{location.pk}/").status_code == 404
