"""`/cards/`: what starts a charge in my name, and how to stop that at once."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Driver, Token
from accounts.services import tokens
from tests.cms.driving import MORNING, see
from tests.factories import TokenFactory, UserFactory

pytestmark = pytest.mark.django_db
HERE = "/cards/"


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(MORNING, tick=False) as clock:
        yield clock


@pytest.fixture
def card(dario: Driver) -> Token:
    made: Token = TokenFactory(operator=dario.operator, driver=dario, uid="04A1B2C3D4E5", label="Key ring")
    return made


def act(client: Client, card: Token, what: str) -> str:
    answer = client.post(f"/cards/{card.pk}/{what}/", follow=True, headers={"accept-language": "en"})
    card.refresh_from_db()
    return str(answer.content.decode())


def test_all_my_cards_are_listed_the_numbers_masked(him: Client, card: Token, dario: Driver) -> None:
    tokens.issue_app_token(driver=dario)
    html = see(him, HERE)
    for shown in ("Key ring", "…D4E5", "App", dario.operator.name):
        assert shown in html
    assert "04A1B2C3D4E5" not in html


def test_block_works_at_once_and_offers_undo(him: Client, card: Token) -> None:
    html = act(him, card, "block")
    assert card.status == "blocked"
    assert tokens.verdict(card).status == "Blocked"
    assert "Key ring is blocked. Nobody can charge with it." in html
    assert f'action="/cards/{card.pk}/undo/"' in html


def test_undo_makes_it_work_again(him: Client, card: Token) -> None:
    act(him, card, "block")
    html = act(him, card, "undo")
    assert card.status == "accepted"
    assert "Key ring works again." in html


def test_undo_ends_after_an_hour(him: Client, card: Token, clock: Any) -> None:
    act(him, card, "block")
    clock.move_to(MORNING + timedelta(minutes=61))
    assert "/undo/" not in see(him, HERE)
    html = act(him, card, "undo")
    assert "Only your operator can lift this block" in html
    assert card.status == "blocked"


def test_what_the_operator_blocked_stays_blocked(him: Client, card: Token) -> None:
    tokens.block(token=card, by=None)
    assert "/undo/" not in see(him, HERE)
    act(him, card, "undo")
    assert card.status == "blocked"


def test_a_block_that_somebody_touched_since_cannot_be_undone(him: Client, card: Token, clock: Any) -> None:
    act(him, card, "block")
    clock.move_to(MORNING + timedelta(minutes=1))
    tokens.update(token=card, by=None, status=Token.Status.BLOCKED, label="Reported stolen")
    act(him, card, "undo")
    assert card.status == "blocked"


def test_blocking_twice_is_boring(him: Client, card: Token) -> None:
    act(him, card, "block")
    act(him, card, "block")
    act(him, card, "undo")
    assert card.status == "accepted"


@pytest.mark.parametrize("what", ["block", "undo"])
def test_nina_cannot_touch_dario_s_card(client: Client, card: Token, what: str) -> None:
    client.force_login(UserFactory(email="nina@driver.example"))
    assert client.post(f"/cards/{card.pk}/{what}/").status_code == 404
    card.refresh_from_db()
    assert card.status == "accepted"
    assert "Key ring" not in see(client, HERE)


@pytest.mark.parametrize("what", ["block", "undo"])
def test_a_link_cannot_block(him: Client, card: Token, what: str) -> None:
    assert him.get(f"/cards/{card.pk}/{what}/").status_code == 405
    card.refresh_from_db()
    assert card.status == "accepted"


def test_without_cards_the_page_says_how_one_gets_one(him: Client) -> None:
    assert "No card yet." in see(him, HERE)


def test_help_names_the_operator_of_the_charger_first(client: Client, dario: Driver, other_operator: Any) -> None:
    from tests.cms.driving import UID, Driving

    Driving(dario)
    dario.operator.support_phone, other_operator.support_phone = "+39 051 000 0000", "+39 011 000 0000"
    dario.operator.save()
    other_operator.save()
    with_code = see(client, f"/help/?code={UID}")
    assert "tel:+390510000000" in with_code
    assert "tel:+390110000000" not in with_code
    assert UID in with_code
    without = see(client, "/help/?code=nonsense")
    assert "tel:+390510000000" in without
    assert "tel:+390110000000" in without


def test_privacy_is_open_to_everybody(client: Client) -> None:
    assert "We do not keep" in see(client, "/privacy/")
