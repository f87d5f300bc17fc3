"""`/payment/`: my cards, what is held, what I owe; and the start that wants the money held first."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from billing.models import CDR, BillingPolicy, Payment, PaymentMethod
from billing.services.debts import settling
from billing.services.prepaid import wallets
from billing.tasks import adhoc as tasks
from sessions_app.models import StartRequest
from stations.models import ChargingStation, Command
from tests.cms.driving import MORNING, UID, Driving, see

pytestmark = pytest.mark.django_db
HERE = f"/c/{UID}/"
GOOD, ASKS, NO_LATER = "4242424242424242", "4000002760003184", "4000000000000341"
CARD = {"expiry": "12/40", "cvc": "123"}
ENGLISH = {"accept-language": "en"}


@pytest.fixture(autouse=True)
def morning() -> Iterator[Any]:
    with time_machine.travel(MORNING, tick=False) as clock:
        yield clock


def save_card(client: Client, world: Driving, number: str = GOOD) -> PaymentMethod:
    page = client.post(f"/payment/drivers/{world.dario.pk}/add/")["Location"]
    client.get(client.post(page, {"number": number, **CARD})["Location"])
    return PaymentMethod.objects.latest("pk")


@pytest.fixture
def strict(world: Driving) -> Driving:
    """An operator that wants the card held before anybody starts."""
    BillingPolicy.objects.create(operator=world.dario.operator, payment_to_start="card", hold_amount=Decimal(25))
    world.status("Preparing")
    return world


# ---- cards -----------------------------------------------------------------------------------------------------------


def test_a_card_is_added_shown_and_charged(him: Client, world: Driving) -> None:
    card = save_card(him, world)
    assert (card.status, card.is_default, card.last4) == ("active", True, "4242")
    html = see(him, "/payment/")
    assert "Visa …4242" in html
    assert "until 12/2040" in html


def test_another_one_is_charged_from_now_on(him: Client, world: Driving) -> None:
    first, second = save_card(him, world), save_card(him, world, "5555555555554444")
    him.post(f"/payment/cards/{second.pk}/use/")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.is_default, second.is_default) == (False, True)


def test_a_card_goes_unless_it_is_the_last_and_needed(him: Client, world: Driving) -> None:
    card = save_card(him, world)
    world.begins(0)
    assert "Add another one first." in see_after(him, f"/payment/cards/{card.pk}/remove/")
    card.refresh_from_db()
    assert card.status == "active"
    other = save_card(him, world, "5555555555554444")
    him.post(f"/payment/cards/{card.pk}/remove/")
    card.refresh_from_db()
    other.refresh_from_db()
    assert (card.status, other.is_default) == ("removed", True)


def see_after(client: Client, path: str) -> str:
    answer = client.post(path, headers=ENGLISH, follow=True)
    return str(answer.content.decode())


@pytest.mark.parametrize("path", ["cards/{card}/use/", "cards/{card}/remove/", "drivers/{driver}/add/"])
def test_nobody_touches_another_s_cards(him: Client, world: Driving, nina: User, path: str) -> None:
    card = save_card(him, world)
    stranger = Client()
    stranger.force_login(nina)
    assert stranger.post("/payment/" + path.format(card=card.pk, driver=world.dario.pk)).status_code == 404
    card.refresh_from_db()
    assert (card.status, card.is_default) == ("active", True)


# ---- what is owed ----------------------------------------------------------------------------------------------------


def test_a_refused_charge_is_paid_by_another_card(him: Client, world: Driving) -> None:
    save_card(him, world, NO_LATER)
    world.charged()
    cdr = CDR.objects.get()
    settling.settle(cdr_id=cdr.pk)
    html = see(him, "/payment/")
    assert "Still to be paid" in html
    assert "Your bank refused the card." in html
    page = him.post(f"/payment/charges/{cdr.pk}/")["Location"]
    him.get(him.post(page, {"number": GOOD, **CARD})["Location"])
    assert settling.open_amount(cdr) == 0
    assert "Still to be paid" not in see(him, "/payment/")
    him.post(f"/payment/charges/{cdr.pk}/")
    assert Payment.objects.filter(status="captured").count() == 1


def test_a_debt_is_its_driver_s_alone(him: Client, world: Driving, nina: User) -> None:
    world.charged()
    stranger = Client()
    stranger.force_login(nina)
    assert stranger.post(f"/payment/charges/{CDR.objects.get().pk}/").status_code == 404
    assert Payment.objects.filter(status="captured").count() == 0


# ---- the hold before the start -----------------------------------------------------------------------------------------


def start(client: Client, **said: Any) -> Any:
    return client.post(f"{HERE}start/", {"key": "tap1", **said}, headers=ENGLISH)


def test_with_a_saved_card_it_is_held_and_started_in_one_tap(him: Client, strict: Driving) -> None:
    save_card(him, strict)
    html = see(him, HERE)
    assert "€25.00" in html
    assert ">Pay and start</button>" in html
    him.get(start(him)["Location"])
    hold = Payment.objects.get()
    assert (hold.status, hold.amount, hold.start_request) == ("authorized", Decimal(25), StartRequest.objects.get())
    html = see(him, "/payment/").partition("Held on your card")[2]
    assert "€25.00" in html
    assert "free again by 8 May 2026 at the latest" in html


def test_a_second_tap_holds_and_starts_nothing_more(him: Client, strict: Driving) -> None:
    save_card(him, strict)
    for _ in range(2):
        him.get(start(him)["Location"])
    assert (Payment.objects.count(), Command.objects.count()) == (1, 1)


def test_without_a_card_one_is_given_on_the_way(him: Client, strict: Driving) -> None:
    page = him.get(start(him)["Location"])["Location"]
    back = him.post(page, {"number": ASKS, **CARD})["Location"]
    assert back == page
    answer = him.get(him.post(page, {"approve": "yes"})["Location"])
    assert answer["Location"] == f"/s/{StartRequest.objects.get().public_token}/"


def test_a_bank_that_says_no_starts_nothing(him: Client, strict: Driving) -> None:
    save_card(him, strict, NO_LATER)
    answer = him.get(start(him)["Location"])
    assert (answer.status_code, Command.objects.count()) == (302, 0)
    assert Payment.objects.get().status == "action_needed"  # somebody is there: another card may do


def test_a_refused_start_gives_the_hold_back(him: Client, strict: Driving) -> None:
    save_card(him, strict)
    him.get(start(him)["Location"])
    Command.objects.update(status="rejected")
    tasks.pursue_due()
    assert Payment.objects.get().status == "released"


def test_a_station_that_went_away_gives_it_back_at_once(him: Client, strict: Driving) -> None:
    save_card(him, strict)
    held = start(him)["Location"]
    ChargingStation.objects.update(online=False)
    assert him.get(held).status_code == 409
    assert (Payment.objects.get().status, StartRequest.objects.count()) == ("released", 0)


def test_a_hold_that_nobody_came_back_for_is_let_go(him: Client, strict: Driving, morning: Any) -> None:
    save_card(him, strict)
    start(him)
    morning.move_to(MORNING + timedelta(minutes=16))
    tasks.pursue_due()
    assert Payment.objects.get().status == "released"


def test_another_s_hold_starts_nothing(him: Client, strict: Driving, nina: User) -> None:
    save_card(him, strict)
    held = start(him)["Location"]
    stranger = Client()
    stranger.force_login(nina)
    assert stranger.get(held).status_code == 404
    assert Command.objects.count() == 0


@pytest.mark.parametrize("policy", ["none", "card_or_wallet"])
def test_who_need_not_hold_starts_as_ever(him: Client, strict: Driving, policy: str) -> None:
    BillingPolicy.objects.update(payment_to_start=policy)
    wallets.credit(driver=strict.dario, amount=Decimal(30), kind="correction", key="x")
    assert start(him)["Location"] == f"/s/{StartRequest.objects.get().public_token}/"
    assert Payment.objects.count() == 0
