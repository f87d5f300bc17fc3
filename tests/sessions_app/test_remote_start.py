"""Remote starts: asked, promised, proved."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Driver, Operator, Token, User
from cms.core.errors import Conflict, Forbidden, Invalid
from sessions_app.models import ChargingSession, StartRequest
from sessions_app.services import starts
from stations.models import EVSE, ChargingStation, Command
from stations.services import commands
from stations.vocabulary.commands import RawCall
from stations.vocabulary.events import TransactionStarted
from stations.vocabulary.values import EvseRef, IdToken
from tests.factories import EvseFactory, TokenFactory, UserFactory

from .telling import Teller, Teller2

Tell = Callable[..., Any]


@pytest.fixture
def evse(station: ChargingStation) -> EVSE:
    station.online, station.ocpp_version = True, "1.6"
    station.save()
    return EvseFactory(station=station, evse_id=1)


@pytest.fixture
def app(operator: Operator, dario: Driver) -> Token:
    return TokenFactory(operator=operator, uid="APP-DARIO", driver=dario)


def sent(command: Command, payload: dict[str, Any]) -> None:
    command.status, command.payload = Command.Status.ACCEPTED, orjson.dumps(payload).decode()
    command.sent_at = timezone.now()
    command.save()


def test_a_driver_starts_with_his_own_token(evse: EVSE, app: Token, dario: Driver) -> None:
    request = starts.remote(evse=evse, token=app, by=dario.user, driver=dario)

    assert (request.status, request.station, request.evse_id, request.driver) == ("waiting", evse.station, 1, dario)
    assert request.command.kind == "RequestStart"
    said = orjson.loads(request.command.arguments)
    assert (said["token"], said["remote_start_id"], said["evse"]) == (["APP-DARIO", "ISO14443"], request.pk, [1, None])
    assert len(request.public_token) >= 20
    assert timedelta(seconds=60) <= request.expires_at - request.created_at <= timedelta(seconds=120)
    assert not ChargingSession.objects.exists()


def test_a_second_tap_finds_the_first_request(evse: EVSE, app: Token, dario: Driver) -> None:
    first = starts.remote(evse=evse, token=app, by=dario.user, driver=dario)

    assert starts.remote(evse=evse, token=app, by=dario.user, driver=dario) == first
    assert Command.objects.count() == 1


def test_a_driver_cannot_use_somebody_elses_token(evse: EVSE, operator: Operator, dario: Driver) -> None:
    card = TokenFactory(operator=operator)

    with pytest.raises(Forbidden):
        starts.remote(evse=evse, token=card, by=dario.user, driver=dario)
    assert not StartRequest.objects.exists()
    assert not Command.objects.exists()


def test_a_stranger_cannot_start(evse: EVSE, app: Token, dario: Driver) -> None:
    with pytest.raises(Forbidden):
        starts.remote(evse=evse, token=app, by=UserFactory(), driver=dario)
    assert not Command.objects.exists()


def test_tom_starts_for_a_driver_on_the_phone(evse: EVSE, app: Token, dario: Driver, tom: User) -> None:
    assert starts.remote(evse=evse, token=app, by=tom, driver=dario).command.requested_by == tom


def test_anna_keeps_the_books_and_starts_nothing(evse: EVSE, app: Token, dario: Driver, anna: User) -> None:
    with pytest.raises(Forbidden):
        starts.remote(evse=evse, token=app, by=anna, driver=dario)


def test_another_operators_token_is_refused(evse: EVSE, other_operator: Operator, tom: User) -> None:
    with pytest.raises(Invalid) as refused:
        starts.remote(evse=evse, token=TokenFactory(operator=other_operator), by=tom, driver=None)
    assert list(refused.value.fields) == ["token"]


def test_a_blocked_driver_a_blocked_and_an_expired_token_are_refused(evse: EVSE, app: Token, dario: Driver) -> None:
    def code() -> str:
        with pytest.raises(Conflict) as refused:
            starts.remote(evse=evse, token=app, by=dario.user, driver=dario)
        return refused.value.code

    app.status = "blocked"
    assert code() == "token_blocked"
    app.status, app.expires_at = "accepted", timezone.now()
    assert code() == "token_expired"
    dario.blocked = True
    assert code() == "driver_blocked"
    assert not Command.objects.exists()


def test_an_offline_station_cannot_be_started(evse: EVSE, app: Token, dario: Driver) -> None:
    ChargingStation.objects.update(online=False)

    with pytest.raises(Conflict) as refused:
        starts.remote(evse=evse, token=app, by=dario.user, driver=dario)
    assert refused.value.code == "station_offline"
    assert not StartRequest.objects.exists()


def test_the_stations_start_fulfils_the_request_and_proves_the_command(
    tell: Tell, pole: Teller, evse: EVSE, app: Token, dario: Driver
) -> None:
    request = starts.remote(evse=evse, token=app, by=dario.user, driver=dario)
    tell(pole.start(0, "app-dario"))

    session = ChargingSession.objects.get()
    request.refresh_from_db()
    assert (request.status, request.session, session.driver) == ("started", session, dario)
    request.command.refresh_from_db()
    assert request.command.effect_at is not None


@pytest.mark.parametrize(("tag", "place"), [("OTHER", 1), ("APP-DARIO", 2)])
def test_another_token_or_another_connector_does_not_fulfil_it(
    tell: Tell, pole: Teller, evse: EVSE, app: Token, dario: Driver, tag: str, place: int
) -> None:
    request = starts.remote(evse=evse, token=app, by=dario.user, driver=dario)
    tell(pole.start(0, tag, evse=place))

    request.refresh_from_db()
    assert (request.status, request.session, request.command.effect_at) == ("waiting", None, None)


def test_a_2_0_1_start_carries_our_number(tell: Tell, pole2: Teller2, evse: EVSE, app: Token, dario: Driver) -> None:
    ChargingStation.objects.update(ocpp_version="2.0.1")
    request = starts.remote(evse=evse, token=app, by=dario.user, driver=dario)
    started = pole2.event(
        TransactionStarted, 0, "t", 0, remote_start_id=request.pk, token=IdToken("APP-DARIO"), evse=EvseRef(3, 1)
    )
    tell(started)

    request.refresh_from_db()
    assert (request.status, request.session) == ("started", ChargingSession.objects.get())


def test_a_start_that_comes_after_the_request_expired_is_still_its_own(
    tell: Tell, pole: Teller, evse: EVSE, app: Token, dario: Driver
) -> None:
    request = starts.remote(evse=evse, token=app, by=dario.user, driver=dario)
    assert starts.expire(now=request.expires_at) == 1
    tell(pole.start(5, "APP-DARIO"))

    request.refresh_from_db()
    assert (request.status, request.session) == ("started", ChargingSession.objects.get())


def test_a_start_long_after_the_request_expired_is_another_matter(
    tell: Tell, pole: Teller, evse: EVSE, app: Token, dario: Driver
) -> None:
    request = starts.remote(evse=evse, token=app, by=dario.user, driver=dario)
    starts.expire(now=request.expires_at)
    with time_machine.travel(request.expires_at + starts.TOO_LATE):
        tell(pole.start(20, "APP-DARIO"))

    request.refresh_from_db()
    assert (request.status, request.session) == ("expired", None)


def test_of_two_tries_the_one_that_still_waits_gets_the_session(
    tell: Tell, pole: Teller, evse: EVSE, app: Token, dario: Driver
) -> None:
    first = starts.remote(evse=evse, token=app, by=dario.user, driver=dario)
    starts.expire(now=first.expires_at)
    second = starts.remote(evse=evse, token=app, by=dario.user, driver=dario)
    tell(pole.start(5, "APP-DARIO"))

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, first.session) == ("expired", None)
    assert (second.status, second.session) == ("started", ChargingSession.objects.get())


@pytest.mark.parametrize(("answer", "becomes"), [("timeout", "started"), ("error", "started"), ("rejected", "refused")])
def test_a_station_that_never_answered_may_start_all_the_same(
    tell: Tell, pole: Teller, evse: EVSE, app: Token, dario: Driver, answer: str, becomes: str
) -> None:
    request = starts.remote(evse=evse, token=app, by=dario.user, driver=dario)
    Command.objects.update(status=answer)
    assert starts.expire(now=timezone.now()) == 1
    tell(pole.start(5, "APP-DARIO"))

    request.refresh_from_db()
    assert request.status == becomes


def test_q47_a_start_that_was_accepted_and_never_came_leaves_no_session_and_says_so(
    tell: Tell, pole: Teller, evse: EVSE, app: Token, dario: Driver
) -> None:
    request = starts.remote(evse=evse, token=app, by=dario.user, driver=dario)
    sent(request.command, {})
    assert starts.expire(now=request.expires_at) == 1

    request.refresh_from_db()
    assert (request.status, ChargingSession.objects.count()) == ("expired", 0)


def test_q47_a_card_that_is_asked_for_twice_starts_one_session(
    tell: Tell, pole: Teller, evse: EVSE, app: Token, dario: Driver
) -> None:
    starts.remote(evse=evse, token=app, by=dario.user, driver=dario)
    assert [tell(pole.present("APP-DARIO")).status for _ in range(2)] == ["Accepted", "Accepted"]
    tell(pole.start(0, "APP-DARIO"))

    assert ChargingSession.objects.get().authorization == "Accepted"


def test_requests_expire_and_refused_ones_say_so(evse: EVSE, app: Token, dario: Driver, operator: Operator) -> None:
    waiting = starts.remote(evse=evse, token=app, by=dario.user, driver=dario)
    refused = starts.remote(
        evse=EvseFactory(station=evse.station, evse_id=2), token=TokenFactory(operator=operator), by=None, driver=None
    )
    Command.objects.filter(pk=refused.command_id).update(status=Command.Status.REJECTED)

    assert starts.expire(now=timezone.now()) == 1
    assert starts.expire(now=waiting.expires_at) == 1
    assert starts.expire(now=waiting.expires_at) == 0
    waiting.refresh_from_db()
    refused.refresh_from_db()
    assert (waiting.status, refused.status) == ("expired", "refused")


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("RemoteStartTransaction", {"idTag": "04a1b2c3", "connectorId": 1}),
        ("RemoteStartTransaction", {"idTag": "04A1B2C3"}),
    ],
)
def test_a_raw_start_is_proved_by_the_same_evidence(
    tell: Tell, pole: Teller, evse: EVSE, operator: Operator, action: str, payload: dict[str, Any]
) -> None:
    TokenFactory(operator=operator, uid="04A1B2C3")
    command = commands.request(station=evse.station, command=RawCall(action, "{}"), by=None)
    sent(command, payload)
    tell(pole.start(0))

    command.refresh_from_db()
    assert command.effect_at is not None


def test_a_stop_is_proved_by_the_end_of_its_transaction(
    tell: Tell, pole: Teller, evse: EVSE, operator: Operator
) -> None:
    TokenFactory(operator=operator, uid="04A1B2C3")
    number = tell(pole.start(0)).transaction_id
    ours = commands.request(station=evse.station, command=RawCall("RemoteStopTransaction", "{}"), by=None)
    other = commands.request(station=evse.station, command=RawCall("RemoteStopTransaction", "{}"), by=None)
    sent(ours, {"transactionId": int(number)})
    sent(other, {"transactionId": int(number) + 1})
    tell(pole.stop(5, number, 2000, reason="Remote"))

    ours.refresh_from_db()
    other.refresh_from_db()
    assert ours.effect_at is not None
    assert other.effect_at is None


def test_an_old_start_is_not_proved_by_a_new_session(tell: Tell, pole: Teller, evse: EVSE, operator: Operator) -> None:
    TokenFactory(operator=operator, uid="04A1B2C3")
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        command = commands.request(station=evse.station, command=RawCall("RemoteStartTransaction", "{}"), by=None)
        sent(command, {"idTag": "04A1B2C3"})
    tell(pole.start(0))

    command.refresh_from_db()
    assert command.effect_at is None


def test_a_deleted_token_leaves_its_starts_and_sessions(
    tell: Tell, pole: Teller, evse: EVSE, operator: Operator, api: APIClient
) -> None:
    """api-contract §5: 204 also for a card that a remote start was made with, one that waits still included."""
    TokenFactory(operator=operator, uid="04A1B2C3")
    first = starts.remote(evse=evse, token=Token.objects.get(), by=None, driver=None)
    tell(pole.start(0))
    waiting = starts.remote(evse=evse, token=Token.objects.get(), by=None, driver=None)

    assert api.delete("/api/v1/tokens/04a1b2c3/").status_code == 204
    first.refresh_from_db()
    waiting.refresh_from_db()
    assert (first.status, first.token, waiting.token) == ("started", None, None)
    assert ChargingSession.objects.get().id_tag == "04A1B2C3"

    tell(pole.start(1, evse=2))
    assert [session.id_tag for session in ChargingSession.objects.all()] == ["04A1B2C3", "04A1B2C3"]
    waiting.refresh_from_db()
    assert waiting.status == "waiting"
