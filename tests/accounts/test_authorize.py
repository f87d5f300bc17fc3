"""What a station is told of a token (behaviour 10, api-contract §5)."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from accounts.models import Driver, Operator, Token
from accounts.services import tokens
from accounts.services.tokens import Asked, Verdict
from cms.core import rows
from stations.vocabulary.values import IdToken
from tests.factories import TokenFactory

NOW = datetime(2026, 5, 1, 8, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _frozen():
    with time_machine.travel(NOW, tick=False):
        yield


def told(operator: Operator, text: str, type: str | None = None) -> Verdict:
    return tokens.authorize([Asked(operator.pk, IdToken(text, type))])[0]


def test_a_known_token_is_accepted_with_all_that_a_start_needs(operator: Operator, dario: Driver) -> None:
    token = TokenFactory(operator=operator, uid="04A1B2C3", driver=dario, parent_id_tag="FLEET", max_active_sessions=2)
    assert told(operator, "04A1B2C3") == Verdict("Accepted", "FLEET", None, token.pk, dario.pk, 2)


def test_case_does_not_matter(operator: Operator) -> None:
    TokenFactory(operator=operator, uid="04a1B2c3")
    assert told(operator, "04A1b2C3").status == "Accepted"


@pytest.mark.parametrize("ours", ["04A1B2C3", "04:A1:B2:C3", "04-a1-b2-c3", "04 A1 B2 C3"])
@pytest.mark.parametrize("shown", ["04a1b2c3", "04:a1:B2:C3", "04-A1-B2-C3", " 04 A1 B2 C3 "])
def test_a_card_is_known_however_its_number_is_written(operator: Operator, ours: str, shown: str) -> None:
    TokenFactory(operator=operator, uid=ours)
    assert told(operator, shown).status == "Accepted"


def test_as_it_is_spelt_comes_before_another_spelling(operator: Operator) -> None:
    TokenFactory(operator=operator, uid="04A1B2C3", status=Token.Status.BLOCKED)
    exact = TokenFactory(operator=operator, uid="04:A1:B2:C3")
    assert told(operator, "04:a1:b2:c3").token_id == exact.pk
    assert told(operator, "04-A1-B2-C3").status == "Blocked"


def test_only_numbers_of_cards_are_respelt(operator: Operator, other_operator: Operator) -> None:
    TokenFactory(operator=operator, uid="VAN-12")
    TokenFactory(operator=other_operator, uid="04A1B2C3")
    for text in ("VAN12", "VAN 12", "04:A1:B2:C3", "04:A1:B2", "C3B2A104", "", " "):
        assert told(operator, text).status == "Unknown"
    assert told(operator, " van-12").status == "Accepted"


def test_an_unknown_token_is_unknown(operator: Operator) -> None:
    assert told(operator, "DEADBEEF") == Verdict("Unknown")


def test_carlas_token_is_unknown_at_olgas_station(operator: Operator, other_operator: Operator) -> None:
    TokenFactory(operator=other_operator, uid="04A1B2C3")
    assert told(operator, "04A1B2C3").status == "Unknown"


def test_the_same_text_at_two_operators_is_two_tokens(operator: Operator, other_operator: Operator) -> None:
    TokenFactory(operator=operator, uid="04A1B2C3", status=Token.Status.BLOCKED)
    TokenFactory(operator=other_operator, uid="04A1B2C3")
    assert told(operator, "04A1B2C3").status == "Blocked"
    assert told(other_operator, "04A1B2C3").status == "Accepted"


def test_blocked_comes_before_expired(operator: Operator) -> None:
    TokenFactory(operator=operator, uid="A", status=Token.Status.BLOCKED, expires_at=NOW - timedelta(days=1))
    assert told(operator, "A").status == "Blocked"


def test_a_blocked_drivers_tokens_are_blocked(operator: Operator, dario: Driver) -> None:
    TokenFactory(operator=operator, uid="A", driver=dario)
    Driver.objects.update(blocked=True)
    assert told(operator, "A").status == "Blocked"


@pytest.mark.parametrize(("seconds", "status"), [(-1, "Expired"), (0, "Expired"), (1, "Accepted")])
def test_a_token_expires_at_its_moment(operator: Operator, seconds: int, status: str) -> None:
    TokenFactory(operator=operator, uid="A", expires_at=NOW + timedelta(seconds=seconds))
    assert told(operator, "A").status == status


def test_a_start_button_needs_no_token(operator: Operator) -> None:
    assert told(operator, "", "NoAuthorization") == Verdict("Accepted")


def test_the_type_a_station_names_is_not_compared(operator: Operator) -> None:
    TokenFactory(operator=operator, uid="A", type="ISO14443")
    assert told(operator, "A", "eMAID").status == "Accepted"


def test_a_batch_is_one_query_and_keeps_its_order(
    operator: Operator, other_operator: Operator, monkeypatch: pytest.MonkeyPatch
):
    queries: list[str] = []  # counted here: on PostgreSQL prepared statements pass by Django's own log
    read = rows.read
    monkeypatch.setattr(rows, "read", lambda statement, values: queries.append(statement) or read(statement, values))
    TokenFactory(operator=operator, uid="A")
    TokenFactory(operator=other_operator, uid="B", status=Token.Status.BLOCKED)
    asked = [
        Asked(other_operator.pk, IdToken("b")),
        Asked(operator.pk, IdToken("b")),
        Asked(operator.pk, IdToken("", "NoAuthorization")),
        Asked(operator.pk, IdToken("a")),
        Asked(operator.pk, IdToken("a")),
    ]
    verdicts = tokens.authorize(asked)
    assert len(queries) == 1
    assert [verdict.status for verdict in verdicts] == ["Blocked", "Unknown", "Accepted", "Accepted", "Accepted"]


def test_nothing_asked_is_no_query(db: None, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert tokens.authorize([]) == []


def test_a_row_at_hand_gets_the_same_verdict(operator: Operator, dario: Driver) -> None:
    for changes in ({}, {"status": Token.Status.BLOCKED}, {"expires_at": NOW}, {"max_active_sessions": None}):
        token = TokenFactory(operator=operator, driver=dario, **changes)
        assert tokens.verdict(token) == told(operator, token.uid)
