"""The public keys of meters: registered by a person, checked, and what has ended since is looked at again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from accounts.models import User
from cms.core.errors import Forbidden, Invalid
from sessions_app import tasks
from sessions_app.models import ChargingSession, Verification
from sessions_app.selectors import proof
from sessions_app.services import meter_keys
from stations.models import EVSE, ChargingStation, MeterKey
from tests.conftest import member
from tests.factories import EvseFactory

from .telling import MORNING, Teller
from .test_check import charge
from .test_signed import KEY, PUBLIC, ocmf

Tell = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("card")
AGREES = ocmf(("B", "10.000"), ("E", "17.500"))
DIFFERS = ocmf(("B", "10.000"), ("E", "17.000"))
SINCE = MORNING - timedelta(days=30)
OTHER_KEY = (  # the base point of the curve
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)


@pytest.fixture
def evse(station: ChargingStation) -> EVSE:
    return EvseFactory(station=station, evse_id=1)


def test_a_key_is_kept_with_who_registered_it(evse: EVSE, olga: User) -> None:
    row = meter_keys.add(evse=evse, public_key=f"  {PUBLIC[:60]}\n{PUBLIC[60:]} ", meter_serial=" M1 ", by=olga)

    assert (row.public_key, row.meter_serial, row.added_by) == (PUBLIC, "M1", olga)


def test_a_pem_is_a_key_too(evse: EVSE, olga: User) -> None:
    pem = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    row = meter_keys.add(evse=evse, public_key=pem.decode(), by=olga)
    assert row.public_key == "".join(pem.decode().splitlines()[1:-1])


@pytest.mark.parametrize(
    "text", ["", "  ", "not a key", "00" * 20, PUBLIC[:-2], PUBLIC.replace("3059", "3058"), "A" * 5_000]
)
def test_what_is_no_key_is_refused(evse: EVSE, olga: User, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        meter_keys.add(evse=evse, public_key=text, by=olga)
    assert list(refused.value.fields) == ["public_key"]
    assert not MeterKey.objects.exists()


def test_who_may_not_edit_stations_registers_no_key(evse: EVSE, tom: User, carla: User) -> None:
    for person in (tom, carla):
        with pytest.raises(Forbidden):
            meter_keys.add(evse=evse, public_key=PUBLIC, by=person)
    assert not MeterKey.objects.exists()


def test_a_technician_registers_keys(evse: EVSE) -> None:
    luca = member(evse.station.operator, "luca@rete.example", "technician")
    assert meter_keys.add(evse=evse, public_key=PUBLIC, by=luca).added_by == luca


def test_the_same_key_twice_is_one(evse: EVSE, olga: User) -> None:
    for _ in range(2):
        meter_keys.add(evse=evse, public_key=PUBLIC, valid_from=SINCE, by=olga)
    assert MeterKey.objects.count() == 1


def test_a_new_key_has_the_charges_since_checked_again(
    tell: Tell, pole: Teller, evse: EVSE, olga: User, django_capture_on_commit_callbacks: Any
) -> None:
    session = charge(tell, pole, DIFFERS)
    assert session.review == ""
    with django_capture_on_commit_callbacks(execute=True):
        meter_keys.add(evse=evse, public_key=PUBLIC, valid_from=SINCE, by=olga)
    session.refresh_from_db()
    assert session.review == "signed_mismatch"


def test_the_right_key_takes_back_what_a_mistyped_one_raised(
    tell: Tell, pole: Teller, evse: EVSE, olga: User, django_capture_on_commit_callbacks: Any
) -> None:
    meter_keys.add(evse=evse, public_key=OTHER_KEY, valid_from=SINCE, by=olga)
    session = charge(tell, pole, AGREES)
    assert session.review == "signed_invalid"
    with django_capture_on_commit_callbacks(execute=True):
        meter_keys.add(evse=evse, public_key=PUBLIC, valid_from=SINCE, by=olga)
    session.refresh_from_db()
    assert session.review == ""


def test_a_charge_before_the_key_keeps_its_old_one(tell: Tell, pole: Teller, evse: EVSE, olga: User) -> None:
    old = meter_keys.add(evse=evse, public_key=PUBLIC, valid_from=SINCE, by=olga)
    session = charge(tell, pole, AGREES)
    new = meter_keys.add(evse=evse, public_key=OTHER_KEY, valid_from=MORNING + timedelta(hours=2), by=olga)

    assert tasks.check_signatures(new.pk) == 0
    assert proof.of_session(session.pk).key == old
    assert ChargingSession.objects.get().review == ""


def test_the_sweep_finds_a_key_whose_announcement_was_lost(tell: Tell, pole: Teller, evse: EVSE, olga: User) -> None:
    charge(tell, pole, DIFFERS)
    meter_keys.add(evse=evse, public_key=PUBLIC, valid_from=SINCE, by=olga)
    assert (tasks.check_new_keys(), tasks.check_new_keys()) == (1, 0)
    assert ChargingSession.objects.get().review == "signed_mismatch"


def test_the_meter_that_a_record_names_decides_between_keys(tell: Tell, pole: Teller, evse: EVSE, olga: User) -> None:
    mine = meter_keys.add(evse=evse, public_key=PUBLIC, meter_serial="m1", valid_from=SINCE, by=olga)
    meter_keys.add(evse=evse, public_key=OTHER_KEY, meter_serial="M2", valid_from=MORNING - timedelta(days=1), by=olga)
    found = proof.of_session(charge(tell, pole, AGREES).pk)

    assert (found.keys, found.holds) == ((mine,), True)


def test_a_record_of_an_unknown_meter_has_to_hold_for_the_newest_key(
    tell: Tell, pole: Teller, evse: EVSE, olga: User
) -> None:
    meter_keys.add(evse=evse, public_key=PUBLIC, meter_serial="M7", valid_from=SINCE, by=olga)
    meter_keys.add(evse=evse, public_key=OTHER_KEY, meter_serial="M8", valid_from=SINCE + timedelta(days=1), by=olga)
    assert charge(tell, pole, AGREES).review == "signed_invalid"


def test_a_charge_with_signed_records_has_a_public_page_and_one_token_for_ever(
    tell: Tell, pole: Teller, evse: EVSE
) -> None:
    session = charge(tell, pole, AGREES)
    token = Verification.objects.get(session=session).token
    tasks.checks.run([session.pk])
    assert proof.token_of(session.pk) == token
    assert len(token) == 22


def test_a_charge_without_has_none(tell: Tell, pole: Teller, evse: EVSE) -> None:
    assert proof.token_of(charge(tell, pole).pk) == ""


def test_the_key_that_came_along_is_only_told(tell: Tell, pole: Teller, evse: EVSE) -> None:
    import json

    sent = json.dumps({"signedMeterData": AGREES, "encodingMethod": "OCMF", "publicKey": PUBLIC})
    session = charge(tell, pole, AGREES, sent)

    offered = proof.sent_key(evse.station_id, 1)
    assert offered is not None
    assert offered.key == PUBLIC
    found = proof.of_session(session.pk)
    assert (len(found.records), found.key, found.holds) == (1, None, False)
