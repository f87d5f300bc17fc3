"""Stars for a charge: one opinion, changeable for two weeks."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from cms.core.errors import Conflict, Invalid
from sessions_app.models import ChargingSession, Feedback
from sessions_app.selectors import feedback as opinions
from sessions_app.services import feedback
from tests.cms.driving import MORNING, Driving, see

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
TWO_HOURS_ON = MORNING + timedelta(hours=2)


@pytest.fixture
def ended(world: Driving) -> ChargingSession:
    return world.charged(18_640, minutes=60)


@time_machine.travel(TWO_HOURS_ON, tick=False)
def test_the_last_word_counts(ended: ChargingSession) -> None:
    feedback.give(session=ended, stars=2)
    feedback.give(session=ended, stars=4)
    assert [said.stars for said in Feedback.objects.all()] == [4]


@pytest.mark.parametrize("stars", [0, 6, -1])
@time_machine.travel(TWO_HOURS_ON, tick=False)
def test_there_are_one_to_five(ended: ChargingSession, stars: int) -> None:
    with pytest.raises(Invalid):
        feedback.give(session=ended, stars=stars)
    assert not Feedback.objects.exists()


def test_after_two_weeks_it_stands(ended: ChargingSession) -> None:
    with time_machine.travel(MORNING + timedelta(days=14), tick=False):
        feedback.give(session=ended, stars=5)
    with time_machine.travel(MORNING + timedelta(days=15), tick=False), pytest.raises(Conflict):
        feedback.give(session=ended, stars=1)
    assert Feedback.objects.get().stars == 5


@time_machine.travel(TWO_HOURS_ON, tick=False)
def test_what_runs_and_what_was_no_charge_has_no_stars(ended: ChargingSession) -> None:
    for change in ({"discarded": True}, {"discarded": False, "status": "active"}):
        ChargingSession.objects.update(**change)
        ended.refresh_from_db()
        with pytest.raises(Conflict):
            feedback.give(session=ended, stars=3)
    assert not Feedback.objects.exists()


@time_machine.travel(MORNING + timedelta(hours=3), tick=False)
def test_a_station_and_its_site_have_an_average_of_ninety_days(world: Driving) -> None:
    for number, stars in enumerate((5, 4, 4)):
        feedback.give(session=world.charged(10_000, begun=number * 20, minutes=10), stars=stars)
    station = ChargingSession.objects.first()
    assert station is not None
    assert station.location_id is not None
    now, later = MORNING + timedelta(days=1), MORNING + timedelta(days=91)
    said = opinions.Average(Decimal("4.3"), 3)
    assert opinions.by_station([station.station_id], now=now) == {station.station_id: said}
    assert opinions.by_location([station.location_id], now=now) == {station.location_id: said}
    assert opinions.by_station([station.station_id], now=later) == {}


# ---- on the pages ----------------------------------------------------------------------------------------------------


@time_machine.travel(TWO_HOURS_ON, tick=False)
def test_a_driver_taps_once_and_may_tap_again(him: Client, ended: ChargingSession) -> None:
    page = f"/history/{ended.pk}/"
    assert see(him, page).count('aria-pressed="true"') == 0
    assert him.post(f"{page}stars/", {"stars": "4"})["Location"] == f"{page}#stars"
    html = see(him, page)
    assert (html.count('name="stars" value="'), html.count('aria-pressed="true"')) == (5, 4)
    assert "You can change it until 15 May 2026" in html
    him.post(f"{page}stars/", {"stars": "many"})
    assert Feedback.objects.get().stars == 4


@time_machine.travel(TWO_HOURS_ON, tick=False)
def test_nobody_rates_another_s_charge(client: Client, olga: User, ended: ChargingSession) -> None:
    path = f"/history/{ended.pk}/stars/"
    assert "login" in client.post(path, {"stars": "1"})["Location"]
    client.force_login(olga)
    assert client.post(path, {"stars": "1"}).status_code == 404
    assert not Feedback.objects.exists()


@time_machine.travel(TWO_HOURS_ON, tick=False)
def test_operators_read_it_on_the_charge_and_at_the_station(client: Client, olga: User, ended: ChargingSession) -> None:
    feedback.give(session=ended, stars=2)
    client.force_login(olga)
    assert "2 / 5" in see(client, f"/ops/sessions/{ended.pk}/")
    assert "2.0 of 5 stars, from 1 charge" in see(client, f"/ops/stations/{ended.station.identity}/")
    assert "2.0 of 5 stars, from 1 charge" in see(client, "/ops/locations/")
    assert f"/ops/sessions/{ended.pk}/" in see(client, "/ops/sessions/?view=unhappy")
