"""Who comes in, who is turned away with what, and what a reconnection does (behaviour.md 1 and 5, api-contract §8)."""

import base64
from datetime import timedelta

import pytest
import time_machine

from stations.models import ChargingStation, Command, ConnectionPeriod, StationCredential, UnknownStation
from stations.models.station import SecurityProfile
from stations.services import credentials, provisioning
from stations.vocabulary.events import StationGone
from stations.vocabulary.replies import Admitted, Refused
from tests.factories import StationFactory

from .conftest import NOON, cost, knocked, ref

KEY = "000102030405060708090A0B0C0D0E0FFFFFFFFF"


def basic(user: str, password: str | bytes) -> bytes:
    secret = password if isinstance(password, bytes) else password.encode()
    return b"Basic " + base64.b64encode(user.encode() + b":" + secret)


@pytest.fixture
def locked(station):
    """CP-0042 behind a password."""
    station.security_profile = SecurityProfile.BASIC
    station.save()
    credentials.store(station=station, password=KEY)
    return station


def reasons() -> list[tuple[str, str, int]]:
    return list(UnknownStation.objects.order_by("id").values_list("identity", "reason", "attempts"))


def test_a_provisioned_station_is_admitted_with_its_first_epoch(station, tell):
    with time_machine.travel(NOON, tick=False):
        assert tell(knocked("CP-0042")) == Admitted(ref(station), 1)
    station.refresh_from_db()
    assert (station.online, station.epoch, station.ocpp_version) == (True, 1, "1.6")
    assert (station.last_seen, station.offline_since) == (NOON, None)
    period = ConnectionPeriod.objects.get()
    assert (period.station_id, period.epoch, period.version) == (station.pk, 1, "1.6")
    assert (period.gateway, period.remote) == ("gw-1", "10.0.0.7")
    assert (period.connected_at, period.disconnected_at) == (NOON, None)


def test_the_version_is_that_of_the_latest_connection(station, tell):
    tell(knocked("CP-0042", version="ocpp1.6"))
    tell(knocked("CP-0042", version="ocpp2.0.1"))
    station.refresh_from_db()
    assert (station.ocpp_version, station.epoch) == ("2.0.1", 2)


@pytest.mark.parametrize(
    "identity", ["CP-9999", "cp-0042", "CP-0042 ", "", "../CP-0042", "a" * 49, "CP\x00", "CP\u202e"]
)
def test_an_unknown_identity_is_404_and_listed(station, tell, identity):
    assert tell(knocked(identity)) == Refused(404, "unknown")
    assert [(reason, attempts) for _identity, reason, attempts in reasons()] == [("unknown", 1)]
    assert not ChargingStation.objects.filter(online=True).exists()


def test_repeated_attempts_are_counted_on_one_row(db, tell):
    tell(knocked("CP-9999"), knocked("CP-9999"), knocked("CP-7"))
    tell(knocked("CP-9999"))
    assert reasons() == [("CP-7", "unknown", 1), ("CP-9999", "unknown", 3)]


@pytest.mark.parametrize(
    ("authorization", "reason"),
    [
        (None, "no_password"),
        (b"", "no_password"),
        (basic("CP-0042", "wrong"), "wrong_password"),
        (basic("CP-0042", ""), "wrong_password"),
        (basic("CP-0043", KEY), "wrong_password"),
        (basic("cp-0042", KEY), "wrong_password"),
        (b"Basic !!!", "wrong_password"),
        (b"Bearer " + KEY.encode(), "wrong_password"),
        (b"Basic", "wrong_password"),
    ],
)
def test_wrong_or_missing_credentials_are_401_and_listed(locked, tell, authorization, reason):
    assert tell(knocked("CP-0042", authorization)) == Refused(401, reason)
    assert reasons() == [("CP-0042", reason, 1)]
    locked.refresh_from_db()
    assert (locked.online, locked.epoch) == (False, 0)
    assert not ConnectionPeriod.objects.exists()


@pytest.mark.parametrize(
    "authorization",
    [
        basic("CP-0042", KEY),
        basic("CP-0042", KEY.lower()),
        basic("CP-0042", bytes.fromhex(KEY)),
        basic("CP%2D0042", KEY),
        b"basic  " + base64.b64encode(b"CP-0042:" + KEY.encode()),
    ],
    ids=["literal", "lower case", "raw bytes", "percent-encoded user", "small letters and two blanks"],
)
def test_every_form_of_the_right_password_opens(locked, tell, authorization):
    assert tell(knocked("CP-0042", authorization)) == Admitted(ref(locked), 1)
    assert reasons() == []


def test_a_password_may_contain_colons(station, tell):
    provisioning.change(station=station, by=None, password="a:b:c:0123456789")
    assert isinstance(tell(knocked("CP-0042", basic("CP-0042", "a:b:c:0123456789"))), Admitted)
    assert isinstance(tell(knocked("CP-0042", basic("CP-0042", "a"))), Refused)


def test_the_identity_of_the_specification_with_its_raw_key(operator, tell):
    """security.md §2: AL1000 with the key 0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF."""
    provisioning.create(
        operator=operator, identity="AL1000", by=None, password="0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF"
    )
    answer = tell(knocked("AL1000", b"Basic QUwxMDAwOgABAgMEBQYH////////////////"))
    assert isinstance(answer, Admitted)


def test_the_password_is_stored_as_a_salted_hash_only(locked):
    row = StationCredential.objects.get()
    assert KEY not in (row.salt, row.digest)
    assert len(row.digest) == 64


def test_profile_0_asks_for_nothing(station, tell):
    assert isinstance(tell(knocked("CP-0042", basic("CP-0042", "whatever"))), Admitted)


def test_a_client_certificate_cannot_be_proved_by_a_password(station, tell):
    station.security_profile = SecurityProfile.MUTUAL_TLS
    station.save()
    assert tell(knocked("CP-0042", basic("CP-0042", KEY))) == Refused(401, "no_certificate")


@pytest.mark.parametrize(
    ("certificate", "answer"),
    [("CP-0042", None), ("SN-7", None), ("CP-0043", "wrong_certificate"), ("", "no_certificate")],
)
def test_a_verified_certificate_names_the_station_or_its_serial_number(station, tell, certificate, answer):
    station.security_profile, station.serial_number = SecurityProfile.MUTUAL_TLS, "SN-7"
    station.save()
    told = tell(knocked("CP-0042", certificate=certificate))
    assert told == (Refused(401, answer) if answer else Admitted(ref(station), 1))


def test_a_certificate_is_no_password(locked, tell):
    assert tell(knocked("CP-0042", certificate="CP-0042")) == Refused(401, "no_password")


def test_a_station_known_to_name_no_protocol_is_spoken_to_as_its_operator_says(station, tell):
    station.assume_subprotocol = "ocpp1.6"
    station.save()
    assert tell(knocked("CP-0042", version=None)) == Admitted(ref(station), 1, "ocpp1.6")
    station.refresh_from_db()
    assert (station.online, station.ocpp_version) == (True, "1.6")
    assert reasons() == []
    # one that it does name counts
    assert tell(knocked("CP-0042", version="ocpp2.0.1")) == Admitted(ref(station), 2)
    station.refresh_from_db()
    assert station.ocpp_version == "2.0.1"


def test_an_archived_station_is_unknown(station, tell):
    provisioning.archive(station=station, by=None)
    assert tell(knocked("CP-0042")) == Refused(404, "unknown")


def test_without_a_common_subprotocol_nothing_begins_but_it_is_listed(station, tell):
    assert tell(knocked("CP-0042", version=None)) == Admitted(ref(station), 0)
    station.refresh_from_db()
    assert (station.online, station.epoch) == (False, 0)
    assert reasons() == [("CP-0042", "no_protocol", 1)]


def test_a_second_connection_replaces_the_first(online, tell):
    assert tell(knocked("CP-0042")) == Admitted(ref(online), 2)
    first, second = ConnectionPeriod.objects.order_by("epoch")
    assert (first.disconnected_at is not None, second.disconnected_at) == (True, None)
    # the late close of the first changes nothing
    tell(StationGone(ref(online), 1))
    online.refresh_from_db()
    assert (online.online, online.epoch) == (True, 2)
    assert ConnectionPeriod.objects.get(epoch=2).disconnected_at is None


def test_the_close_of_the_latest_connection_makes_it_offline(online, tell):
    with time_machine.travel(NOON, tick=False):
        tell(StationGone(ref(online), 1))
    online.refresh_from_db()
    assert (online.online, online.offline_since) == (False, NOON)
    assert ConnectionPeriod.objects.get().disconnected_at == NOON
    # told twice, nothing moves
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        tell(StationGone(ref(online), 1))
    online.refresh_from_db()
    assert online.offline_since == NOON


def test_two_knocks_in_one_batch_get_two_epochs(station, tell):
    first, second = tell(knocked("CP-0042"), knocked("CP-0042", gateway="gw-2"))
    assert (first.epoch, second.epoch) == (1, 2)
    assert list(ConnectionPeriod.objects.filter(disconnected_at=None).values_list("gateway", flat=True)) == ["gw-2"]


def test_a_command_on_its_way_ends_with_its_connection(online, tell):
    command = Command.objects.create(
        station=online, ocpp_version="1.6", kind="RawCall", action="Reset", status="sent", epoch=1, created_at=NOON
    )
    tell(knocked("CP-0042"))
    command.refresh_from_db()
    assert command.status == "error"
    assert '"code":"ConnectionClosed"' in command.error


def test_a_crowd_costs_as_many_statements_as_one(operator, tell):
    stations = [StationFactory(operator=operator, location=None) for _ in range(51)]
    alone = cost(lambda: tell(knocked(stations[0].identity), knocked("stranger")))
    crowd = [knocked(station.identity) for station in stations[1:]]
    assert cost(lambda: tell(*crowd, knocked("stranger-2"), knocked("stranger-3"))) == alone <= 8
    assert ChargingStation.objects.filter(online=True).count() == 51
