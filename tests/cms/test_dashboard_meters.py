"""Keys of meters on the Set-up tab: listed, registered, replaced; what a station sent along is only offered."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from sessions_app.metering import signed
from sessions_app.models import Verification
from sessions_app.services import meter_keys
from stations.models import EVSE, ChargingStation, MeterKey
from tests.cms.driving import see
from tests.factories import EvseFactory, TokenFactory
from tests.sessions_app.telling import Teller
from tests.sessions_app.test_check import charge
from tests.sessions_app.test_meter_keys import OTHER_KEY, SINCE
from tests.sessions_app.test_signed import PUBLIC, ocmf

PATH = "/ops/stations/CP-0042/evses/1/meter-key/"
SETUP = "/ops/stations/CP-0042/?tab=setup"
DIGITS = signed.fingerprint(PUBLIC)


@pytest.fixture
def evse(station: ChargingStation) -> EVSE:
    return EvseFactory(station=station, evse_id=1, uid="IT*ADR*E0042*1")


@pytest.fixture
def hers(client: Client, olga: User) -> Client:
    client.force_login(olga)
    return client


@pytest.fixture
def sent_along(evse: EVSE) -> None:
    """A charge whose records brought PUBLIC along."""
    from cms.wiring import csms

    TokenFactory(operator=evse.station.operator, uid="04A1B2C3")
    record = json.dumps({"signedMeterData": ocmf(("B", "10.000"), ("E", "17.500")), "publicKey": PUBLIC})
    charge(lambda event: csms.handle([event])[0], Teller(evse.station), record)
    assert Verification.objects.exists()


def register(client: Client, **said: str) -> Any:
    return client.post(PATH, said, headers={"accept-language": "en"}, follow=True)


def test_a_key_is_typed_from_the_label_and_told_back(hers: Client, evse: EVSE, olga: User) -> None:
    answer = register(hers, public_key=f"{PUBLIC[:80]} {PUBLIC[80:]}", meter_serial="M1", valid_from="2026-05-01T10:00")

    row = MeterKey.objects.get()
    assert (row.public_key, row.meter_serial, row.added_by) == (PUBLIC, "M1", olga)
    assert row.valid_from == datetime(2026, 5, 1, 8, tzinfo=UTC)  # ten o'clock in Bologna
    html = answer.content.decode()
    assert answer.redirect_chain[-1][0] == f"{SETUP}#meters"
    assert f"The key is registered. Its last digits, as on the meter: {DIGITS}." in html
    assert "counts now" in html
    assert "meter M1" in html
    assert "registered by olga@rete.example" in html


def test_a_mistyped_key_comes_back_with_its_field(hers: Client, evse: EVSE) -> None:
    answer = register(hers, public_key=PUBLIC[:-4])
    assert answer.status_code == 400
    assert "This is no public key that we can check with" in answer.content.decode()
    assert not MeterKey.objects.exists()


def test_a_replaced_key_stays_listed(hers: Client, evse: EVSE, olga: User) -> None:
    meter_keys.add(evse=evse, public_key=OTHER_KEY, valid_from=SINCE, by=olga)
    register(hers, public_key=PUBLIC)
    html = see(hers, SETUP)

    assert html.index(DIGITS) < html.index(signed.fingerprint(OTHER_KEY))
    assert (html.count("counts now"), html.count("for other times")) == (1, 1)
    assert "Replace the key" in html


def test_what_came_along_is_offered_and_taken_by_nobody(hers: Client, evse: EVSE, sent_along: None) -> None:
    assert f"The charger sent another key along: {DIGITS}" in see(hers, SETUP)
    form = see(hers, f"{PATH}?sent")
    assert PUBLIC in form
    assert 'value="M1"' in form
    assert PUBLIC not in see(hers, PATH)
    assert not MeterKey.objects.exists()


def test_once_it_is_registered_it_is_not_offered_again(hers: Client, evse: EVSE, sent_along: None) -> None:
    register(hers, public_key=PUBLIC)
    assert "sent another key along" not in see(hers, SETUP)


def test_support_sees_keys_and_registers_none(client: Client, evse: EVSE, tom: User) -> None:
    meter_keys.add(evse=evse, public_key=PUBLIC, valid_from=SINCE, by=None)
    client.force_login(tom)
    html = see(client, SETUP)
    assert DIGITS in html
    assert "Replace the key" not in html
    assert (client.get(PATH).status_code, register(client, public_key=OTHER_KEY).status_code) == (403, 403)
    assert MeterKey.objects.count() == 1


def test_to_a_stranger_the_meter_does_not_exist(client: Client, evse: EVSE, carla: User) -> None:
    client.force_login(carla)
    assert (client.get(PATH).status_code, register(client, public_key=PUBLIC).status_code) == (404, 404)
    assert not MeterKey.objects.exists()


def test_a_key_for_later_does_not_count_yet(hers: Client, evse: EVSE, olga: User) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    meter_keys.add(evse=evse, public_key=PUBLIC, valid_from=tomorrow, by=olga)
    assert "counts now" not in see(hers, SETUP)
