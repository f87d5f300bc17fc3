"""May this token charge? (behaviour 10, 12; api-contract §5; OCPP 2.0.1 C)"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Driver, Operator, Token
from accounts.services.tokens import Asked, Verdict
from sessions_app import selectors
from sessions_app.models import ChargingSession
from stations.vocabulary.events import TransactionStarted, TransactionUpdated
from stations.vocabulary.values import EvseRef, IdToken
from tests.factories import StationFactory, TokenFactory

from .telling import Teller, Teller2

Tell = Callable[..., Any]


def test_authorize_says_what_the_token_is(tell: Tell, pole: Teller, operator: Operator, dario: Driver) -> None:
    past = timezone.now() - timedelta(days=1)
    dario.blocked = True
    dario.save()
    TokenFactory(operator=operator, uid="GOOD", parent_id_tag="FAMILY")
    TokenFactory(operator=operator, uid="BLOCKED", status="blocked", expires_at=past)
    TokenFactory(operator=operator, uid="EXPIRED", expires_at=past)
    TokenFactory(operator=operator, uid="DARIO", driver=dario)
    TokenFactory(uid="ELSEWHERE")

    tags = ["good", "BLOCKED", "EXPIRED", "DARIO", "ELSEWHERE", "NOBODY"]
    answers = tell(*(pole.present(tag) for tag in tags))

    assert [answer.status for answer in answers] == ["Accepted", "Blocked", "Expired", "Blocked", "Unknown", "Unknown"]
    assert (answers[0].group, answers[0].token, answers[2].expires_at) == ("FAMILY", "good", past)


def test_authorize_is_never_answered_concurrent(tell: Tell, pole: Teller, card: Token) -> None:
    tell(pole.start(0))

    assert tell(pole.present("04A1B2C3")).status == "Accepted"


def test_a_card_that_charges_cannot_start_elsewhere(tell: Tell, pole: Teller, card: Token, operator: Operator) -> None:
    tell(pole.start(0))
    refused = tell(Teller(StationFactory(operator=operator)).start(1))

    assert refused.authorization.status == "ConcurrentTx"
    assert int(refused.transaction_id) > 0
    assert list(ChargingSession.objects.order_by("pk").values_list("authorization", flat=True)) == [
        "Accepted",
        "ConcurrentTx",
    ]
    assert selectors.active_by_token([card.pk]) == {card.pk: 1}


def test_it_may_start_again_once_it_has_stopped(tell: Tell, pole: Teller, card: Token, operator: Operator) -> None:
    number = tell(pole.start(0)).transaction_id
    tell(pole.stop(10, number, 2000))

    assert tell(Teller(StationFactory(operator=operator)).start(11)).authorization.status == "Accepted"


@pytest.mark.parametrize(("allowed", "expected"), [(1, 1), (2, 2), (None, 4)])
def test_starts_earlier_in_the_same_batch_count(
    tell: Tell, operator: Operator, card: Token, allowed: int | None, expected: int
) -> None:
    Token.objects.update(max_active_sessions=allowed)
    poles = [Teller(StationFactory(operator=operator)) for _ in range(4)]
    answers = tell(*(pole.start(0) for pole in poles))

    assert [answer.authorization.status for answer in answers].count("Accepted") == expected
    assert ChargingSession.objects.count() == 4


def test_two_connectors_of_one_station_are_two_places(tell: Tell, pole: Teller, card: Token) -> None:
    tell(pole.start(0, evse=1))

    assert tell(pole.start(1, evse=2)).authorization.status == "ConcurrentTx"


def test_a_refused_start_does_not_occupy_its_card(tell: Tell, pole: Teller, card: Token, operator: Operator) -> None:
    Token.objects.update(status="blocked")
    tell(pole.start(0))
    Token.objects.update(status="accepted")

    assert tell(Teller(StationFactory(operator=operator)).start(1)).authorization.status == "Accepted"


def test_the_group_goes_with_every_answer(tell: Tell, pole: Teller, operator: Operator) -> None:
    TokenFactory(operator=operator, uid="ONE", parent_id_tag="FAMILY")
    TokenFactory(operator=operator, uid="TWO", parent_id_tag="FAMILY")
    started = tell(pole.start(0, "ONE"))
    stopped = tell(pole.stop(5, started.transaction_id, 2000, tag="TWO"))

    assert (started.authorization.group, stopped.authorization.group) == ("FAMILY", "FAMILY")
    assert tell(pole.start(0, "ONE")) == started


def test_a_card_shown_after_the_cable_begins_to_occupy(
    tell: Tell, pole2: Teller2, card: Token, operator: Operator
) -> None:
    token = IdToken("04A1B2C3", "ISO14443")
    tell(pole2.event(TransactionStarted, 0, "t", 0, evse=EvseRef(1, 1)))
    accepted = tell(pole2.event(TransactionUpdated, 1, "t", 1, trigger="Authorized", token=token))
    again = tell(pole2.event(TransactionUpdated, 2, "t", 2, trigger="StopAuthorized", token=token))
    elsewhere = tell(Teller(StationFactory(operator=operator)).start(3))

    session = ChargingSession.objects.earliest("pk")
    assert (session.token, session.authorization, session.stop_id_tag) == (card, "Accepted", "04A1B2C3")
    assert (accepted.authorization.status, again.authorization.status) == ("Accepted", "Accepted")
    assert elsewhere.authorization.status == "ConcurrentTx"


def test_every_token_of_a_transaction_is_verified_again(tell: Tell, pole2: Teller2, card: Token) -> None:
    token = IdToken("04A1B2C3", "ISO14443")
    tell(pole2.event(TransactionStarted, 0, "t", 0, evse=EvseRef(1, 1), token=token))
    Token.objects.update(status="blocked")
    told = tell(pole2.event(TransactionUpdated, 1, "t", 1, token=token))

    assert told.authorization.status == "Blocked"
    assert ChargingSession.objects.get().authorization == "Accepted"


def roaming(asked: Sequence[Asked]) -> list[Verdict]:
    return [Verdict("Accepted") if one.token.text == "NL-XYZ-1" else Verdict("Unknown") for one in asked]


def test_who_nobody_knows_is_asked_of_the_next_authorizer(tell: Tell, pole: Teller, card: Token, settings: Any) -> None:
    settings.TOKEN_AUTHORIZERS = [*settings.TOKEN_AUTHORIZERS, f"{__name__}.roaming"]
    answers = tell(pole.present("04A1B2C3"), pole.present("NL-XYZ-1"), pole.present("NOBODY"))

    assert [answer.status for answer in answers] == ["Accepted", "Accepted", "Unknown"]
