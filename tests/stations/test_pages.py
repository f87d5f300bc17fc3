"""The forms: places, new stations and their one password, adoption, EVSE codes, QR codes, archive."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import User
from stations.models import EVSE, ChargingStation, Connector, Location, StationCredential, UnknownStation
from stations.services import credentials
from tests.factories import ConnectorFactory, EvseFactory, LocationFactory, StationFactory

PLACE = {
    "name": "Bologna, Via Stalingrado 71",
    "address": "Via Stalingrado 71",
    "postal_code": "40128",
    "city": "Bologna",
    "province": "bo",
    "country_code": "it",
    "latitude": "44,509",
    "longitude": "11.352",
    "time_zone": "Europe/Rome",
    "opening_hours": "",
    "public": "on",
}


def post(client: Client, who: User, path: str, **said: str):
    client.force_login(who)
    return client.post(path, said)


# ---- places ------------------------------------------------------------------------------------------------------


def test_a_place_is_added_with_comma_or_point(client, olga, operator):
    assert post(client, olga, "/ops/locations/new/", **PLACE).status_code == 302
    place = Location.objects.get()
    assert (place.operator, place.province, place.country_code) == (operator, "BO", "IT")
    assert (str(place.latitude), str(place.longitude)) == ("44.509000", "11.352000")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"latitude": "144"}, "latitude"),
        ({"latitude": "north"}, "latitude"),
        ({"longitude": ""}, "longitude"),
        ({"country_code": "Italy"}, "country_code"),
        ({"country_code": "1T"}, "country_code"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"province": "Bologna"}, "province"),
    ],
)
def test_a_wrong_place_is_told_beside_the_field_and_in_the_summary(client, olga, wrong, field):
    answer = post(client, olga, "/ops/locations/new/?lang=en", **PLACE | wrong)
    shown = answer.content.decode()
    assert answer.status_code == 400
    assert f'id="id_{field}_error"' in shown
    assert f'href="#id_{field}"' in shown
    assert 'role="alert"' in shown
    assert Location.objects.count() == 0


def test_a_place_is_changed(client, olga, operator):
    place = LocationFactory(operator=operator)
    assert post(client, olga, f"/ops/locations/{place.pk}/", **PLACE).status_code == 302
    place.refresh_from_db()
    assert place.name == "Bologna, Via Stalingrado 71"


def test_carla_cannot_open_or_change_olgas_place(client, carla, operator):
    place = LocationFactory(operator=operator, name="Before")
    client.force_login(carla)
    assert client.get(f"/ops/locations/{place.pk}/").status_code == 404
    assert client.post(f"/ops/locations/{place.pk}/", PLACE).status_code == 404
    assert client.post(f"/ops/locations/{place.pk}/archive/").status_code == 404
    place.refresh_from_db()
    assert (place.name, place.archived_at) == ("Before", None)


def test_support_may_not_edit_places(client, tom, operator):
    place = LocationFactory(operator=operator, name="Before")
    assert post(client, tom, f"/ops/locations/{place.pk}/", **PLACE).status_code == 403
    assert post(client, tom, "/ops/locations/new/", **PLACE).status_code == 403
    assert Location.objects.get().name == "Before"


def test_a_place_with_stations_is_not_archived(client, olga, operator):
    place = LocationFactory(operator=operator)
    station = StationFactory(operator=operator, location=place)
    post(client, olga, f"/ops/locations/{place.pk}/archive/")
    place.refresh_from_db()
    assert place.archived_at is None
    ChargingStation.objects.filter(pk=station.pk).update(location=None)
    post(client, olga, f"/ops/locations/{place.pk}/archive/")
    place.refresh_from_db()
    assert place.archived_at is not None


# ---- a station arrives -------------------------------------------------------------------------------------------


def test_a_new_station_shows_its_address_and_its_password_once(client, olga, operator, settings):
    settings.PUBLIC_URL = "https://csms.example"
    answer = post(
        client, olga, "/ops/stations/new/", identity="CP-0100", name="Nord", location="", security_profile="1"
    )
    assert (answer.status_code, answer["Location"]) == (302, "/ops/stations/CP-0100/connect/")
    station = ChargingStation.objects.get()
    assert (station.operator, station.name, station.security_profile) == (operator, "Nord", 1)
    first = client.get("/ops/stations/CP-0100/connect/?lang=en").content.decode()
    assert "wss://csms.example/ocpp/CP-0100" in first
    (password,) = re.findall(r"<code>([0-9A-F]{40})</code>", first)
    stored = StationCredential.objects.get(station=station)
    assert credentials.matches(stored.salt, stored.digest, password.encode())
    second = client.get("/ops/stations/CP-0100/connect/?lang=en").content.decode()
    assert password not in second
    assert "The password was shown once." in second


def test_a_station_without_a_password_is_warned_about(client, olga):
    post(client, olga, "/ops/stations/new/", identity="CP-0100", name="", location="", security_profile="0")
    shown = client.get("/ops/stations/CP-0100/connect/?lang=en").content.decode()
    assert "Without a password" in shown
    assert StationCredential.objects.count() == 0


@pytest.mark.parametrize("identity", ["", "CP 1", "CP/1", "a" * 49, "<script>", "..", "CP\x07"])
def test_a_malformed_identity_is_refused_beside_its_field(client, olga, identity):
    answer = post(client, olga, "/ops/stations/new/", identity=identity, security_profile="1")
    assert answer.status_code == 400
    assert b"id_identity_error" in answer.content
    assert ChargingStation.objects.count() == 0


def test_an_identity_is_taken_whoever_has_it(client, olga, other_operator):
    StationFactory(operator=other_operator, identity="CP-0100")
    answer = post(client, olga, "/ops/stations/new/", identity="CP-0100", security_profile="1")
    assert answer.status_code == 400
    assert ChargingStation.objects.count() == 1


def test_a_station_is_not_put_at_carlas_place(client, olga, other_operator):
    place = LocationFactory(operator=other_operator)
    answer = post(client, olga, "/ops/stations/new/", identity="CP-0100", location=str(place.pk), security_profile="1")
    assert answer.status_code == 400
    assert ChargingStation.objects.count() == 0


def test_the_checklist_ticks_as_the_station_arrives(client, olga, station):
    def shown() -> str:
        return client.get("/ops/stations/CP-0042/connect/arrival/?lang=en").content.decode()

    client.force_login(olga)
    assert "Waiting for its first message" in shown()
    ChargingStation.objects.update(
        last_seen=timezone.now(), last_boot=timezone.now(), vendor="Elettra", ocpp_version="1.6"
    )
    ConnectorFactory(evse=EvseFactory(station=station))
    assert shown().count('class="done"') == 3
    station.variables.create(name="HeartbeatInterval", value="300", updated_at=timezone.now())
    assert "Ready for the first charge" in shown()


def test_a_wrong_password_is_named_while_one_waits(client, olga, station):
    now = timezone.now()
    UnknownStation.objects.create(
        identity="CP-0042", reason="wrong_password", remote="10.0.0.9", first_seen=now, last_seen=now, attempts=3
    )
    client.force_login(olga)
    shown = client.get("/ops/stations/CP-0042/connect/?lang=en").content.decode()
    assert "It tried 3 times" in shown
    assert "came with a wrong password" in shown


def test_a_refused_attempt_is_shown_on_the_station_until_it_comes_in(client, olga, station):
    now = timezone.now()
    station.last_seen, station.epoch = now - timedelta(hours=1), 1
    station.save()
    UnknownStation.objects.create(
        identity="CP-0042", reason="no_protocol", remote="10.0.0.9", first_seen=now, last_seen=now, attempts=3
    )
    client.force_login(olga)
    pages = ("/ops/stations/CP-0042/?tab=setup&lang=en", "/ops/stations/CP-0042/connect/?lang=en")
    assert ["It tried 3 times" in client.get(page).content.decode() for page in pages] == [True, True]
    ChargingStation.objects.update(last_seen=now + timedelta(seconds=1))
    assert ["It tried 3 times" in client.get(page).content.decode() for page in pages] == [False, False]


def test_profile_3_is_offered_only_where_a_proxy_passes_certificates_on(client, olga, station, settings):
    said = {"name": "X", "location": "", "security_profile": "3"}
    for header, status, profile in (("", 400, 0), ("X-Client-Subject", 302, 3)):
        settings.OCPP_CERTIFICATE_HEADER = header
        assert post(client, olga, "/ops/stations/CP-0042/edit/", **said).status_code == status
        station.refresh_from_db()
        assert station.security_profile == profile


def test_what_to_speak_with_a_station_that_names_no_protocol_is_set_here(client, olga, station):
    said = {"name": "X", "location": "", "security_profile": "0"}
    for chosen, status in (("ocpp1.6", 302), ("ocpp1.5", 400)):
        answer = post(client, olga, "/ops/stations/CP-0042/edit/", **said, assume_subprotocol=chosen)
        assert answer.status_code == status
        station.refresh_from_db()
        assert station.assume_subprotocol == "ocpp1.6"


def test_strangers_are_listed_and_escaped(client, olga, other_operator):
    now = timezone.now()
    StationFactory(operator=other_operator, identity="CARLAS-1")
    for identity, reason in (("<b>CP", "unknown"), ("NEW-1", "unknown"), ("CARLAS-1", "wrong_password")):
        UnknownStation.objects.create(identity=identity, reason=reason, first_seen=now, last_seen=now)
    client.force_login(olga)
    shown = client.get("/ops/stations/unknown/?lang=en").content.decode()
    assert "/ops/stations/new/?identity=NEW-1" in shown
    assert "&lt;b&gt;CP" in shown
    assert "CARLAS-1" not in shown


def test_carla_cannot_watch_or_change_olgas_station(client, carla, station):
    evse = EvseFactory(station=station)
    client.force_login(carla)
    for path in ("connect/", "connect/arrival/", f"evses/{evse.evse_id}/", f"evses/{evse.evse_id}/qr.svg"):
        assert client.get(f"/ops/stations/CP-0042/{path}").status_code == 404, path
    for path in ("edit/", "password/", "archive/", f"evses/{evse.evse_id}/"):
        assert client.post(f"/ops/stations/CP-0042/{path}", {"name": "Mine"}).status_code == 404, path
    station.refresh_from_db()
    assert (station.name, station.archived_at) == ("", None)


def test_support_may_not_provision(client, tom, station):
    client.force_login(tom)
    assert client.get("/ops/stations/new/").status_code == 403
    for path in ("edit/", "password/", "archive/"):
        assert client.post(f"/ops/stations/CP-0042/{path}").status_code == 403, path
    assert StationCredential.objects.count() == 0


# ---- change ------------------------------------------------------------------------------------------------------


def test_a_station_is_renamed_and_moved(client, olga, station, operator):
    place = LocationFactory(operator=operator)
    said = {"name": "Stalingrado nord", "location": str(place.pk), "security_profile": "0"}
    assert post(client, olga, "/ops/stations/CP-0042/edit/", **said).status_code == 302
    station.refresh_from_db()
    assert (station.name, station.location) == ("Stalingrado nord", place)


def test_a_profile_with_a_password_needs_one_first(client, olga, station):
    said = {"name": "X", "location": "", "security_profile": "1"}
    answer = post(client, olga, "/ops/stations/CP-0042/edit/", **said)
    assert answer.status_code == 400
    assert b"id_security_profile_error" in answer.content
    station.refresh_from_db()
    assert (station.name, station.security_profile) == ("", 0)


def test_a_new_password_replaces_the_old(client, olga, station):
    assert post(client, olga, "/ops/stations/CP-0042/password/").status_code == 302
    first = StationCredential.objects.get().digest
    post(client, olga, "/ops/stations/CP-0042/password/")
    assert StationCredential.objects.get().digest != first


def test_an_archived_station_is_gone_from_its_address(client, olga, station):
    assert post(client, olga, "/ops/stations/CP-0042/archive/").status_code == 302
    assert client.get("/ops/stations/CP-0042/").status_code == 404


# ---- EVSEs -------------------------------------------------------------------------------------------------------


@pytest.fixture
def evse(station: ChargingStation) -> EVSE:
    made: EVSE = EvseFactory(station=station, uid="IT*ADR*E0042*1")
    ConnectorFactory(evse=made)
    return made


def plugs(evse: EVSE, standard: str = "IEC_62196_T2") -> dict[str, str]:
    connector = Connector.objects.get(evse=evse)
    return {
        "plug-TOTAL_FORMS": "1",
        "plug-INITIAL_FORMS": "1",
        "plug-0-id": str(connector.pk),
        "plug-0-standard": standard,
    }


def test_an_evse_learns_what_it_is(client, olga, evse):
    said = {"uid": "it*adr*e0100*1", "power_type": "AC_3_PHASE", "max_power_w": "7,4"} | plugs(evse)
    assert post(client, olga, "/ops/stations/CP-0042/evses/1/", **said).status_code == 302
    evse.refresh_from_db()
    assert (evse.uid, evse.power_type, evse.max_power_w) == ("IT*ADR*E0100*1", "AC_3_PHASE", 7400)
    assert Connector.objects.get().standard == "IEC_62196_T2"


@pytest.mark.parametrize(
    "wrong", [{"uid": "hello"}, {"uid": ""}, {"max_power_w": "-1"}, {"max_power_w": "lots"}, {"power_type": "STEAM"}]
)
def test_a_wrong_evse_changes_nothing(client, olga, evse, wrong):
    said = {"uid": "IT*ADR*E0100*1", "power_type": "DC", "max_power_w": "150"} | plugs(evse) | wrong
    assert post(client, olga, "/ops/stations/CP-0042/evses/1/", **said).status_code == 400
    evse.refresh_from_db()
    assert (evse.uid, evse.max_power_w) == ("IT*ADR*E0042*1", None)


def test_a_code_on_another_sticker_is_refused(client, olga, evse, operator):
    EvseFactory(station=StationFactory(operator=operator), uid="IT*ADR*E0100*1")
    said = {"uid": "IT*ADR*E0100*1", "power_type": "", "max_power_w": ""} | plugs(evse)
    assert post(client, olga, "/ops/stations/CP-0042/evses/1/", **said).status_code == 400


def test_another_stations_plug_cannot_be_slipped_in(client, olga, evse, other_operator):
    theirs = ConnectorFactory(evse=EvseFactory(station=StationFactory(operator=other_operator)), standard="")
    said = {"uid": evse.uid, "power_type": "", "max_power_w": ""} | plugs(evse, "CHADEMO")
    post(client, olga, "/ops/stations/CP-0042/evses/1/", **said | {"plug-0-id": str(theirs.pk)})
    theirs.refresh_from_db()
    assert theirs.standard == ""


def test_the_qr_code_leads_drivers_to_the_socket(client, olga, evse):
    client.force_login(olga)
    answer = client.get("/ops/stations/CP-0042/evses/1/qr.svg?download")
    assert answer["Content-Type"] == "image/svg+xml"
    assert answer["Content-Disposition"] == 'attachment; filename="CP-0042-1.svg"'
    assert answer.content.startswith(b"<?xml")
    assert client.get("/ops/stations/CP-0042/evses/9/qr.svg").status_code == 404


def test_a_missing_form_is_no_server_error(client, olga, evse, operator):
    place = LocationFactory(operator=operator)
    client.force_login(olga)
    for path in (
        "/ops/locations/new/",
        f"/ops/locations/{place.pk}/",
        "/ops/stations/new/",
        "/ops/stations/CP-0042/edit/",
    ):
        assert client.post(path).status_code == 400, path
    assert client.post("/ops/stations/CP-0042/evses/1/").status_code == 400
    with time_machine.travel("2026-05-01"):
        assert client.get(f"/ops/locations/{place.pk}/").status_code == 200
