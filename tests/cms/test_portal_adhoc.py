"""Charging without an account: price, card, start, receipt; and every way in which nothing begins and nothing is paid."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from accounts.models import Operator, Token
from billing.models import CDR, AdhocCharge, Invoice, Payment
from billing.payments import fake_gateway
from billing.services.cards import adhoc, holds, payments
from billing.services.charges import rating
from billing.services.debts import settling
from billing.tasks import adhoc as tasks
from cms.core.errors import Unavailable
from sessions_app.models import ChargingSession, StartRequest
from sessions_app.services import decisions, starts
from stations import signals as station_signals
from stations.models import ChargingStation, Command
from tests.cms.driving import MORNING, UID, Driving, minute, price, see
from tests.factories.billing import element

pytestmark = pytest.mark.django_db
HERE = f"/c/{UID}/"
GOOD, ASKS, POOR = "4242424242424242", "4000002760003184", "4000000000009995"
CARD = {"expiry": "12/40", "cvc": "123"}
ENGLISH = {"accept-language": "en"}


@pytest.fixture(autouse=True)
def morning() -> Iterator[Any]:
    cache.clear()  # tries are counted there
    with time_machine.travel(MORNING, tick=False) as clock:
        yield clock


@pytest.fixture
def plugged(world: Driving) -> Driving:
    world.status("Preparing")
    return world


def tap(client: Client) -> Any:
    return client.post(f"{HERE}pay/", headers=ENGLISH)


def card_page(client: Client) -> str:
    """Through the tap to the page that asks for a card."""
    pay = client.get(tap(client)["Location"])
    assert pay.status_code == 302
    return str(pay["Location"])


def give(client: Client, number: str, page: str | None = None) -> Any:
    return client.post(page or card_page(client), {"number": number, **CARD}, headers=ENGLISH)


def paid(client: Client, number: str = GOOD) -> AdhocCharge:
    answer = give(client, number)
    assert answer.status_code == 302
    client.get(answer["Location"])
    return AdhocCharge.objects.get()


def answered(status: str) -> None:
    Command.objects.update(status=status)


def statuses() -> tuple[str, str, str]:
    charge = AdhocCharge.objects.select_related("payment").get()
    assert charge.payment is not None
    return charge.status, charge.reason, charge.payment.status


# ---- before the card -------------------------------------------------------------------------------------------------


def test_price_and_hold_stand_before_the_one_button(client: Client, plugged: Driving) -> None:
    html = see(client, HERE)
    at = [html.index(s) for s in ("€0.59", "Held on your card", "€40.00", ">Pay and start</button>")]
    assert at == sorted(at)
    assert "js.stripe.com" not in html


def test_without_a_cable_the_cable_is_the_next_step(client: Client, world: Driving) -> None:
    html = see(client, HERE)
    assert 'aria-disabled="true">Connect the cable</button>' in html
    assert 'type="submit">Pay without waiting for the cable</button>' in html


def test_where_a_charge_costs_nothing_nobody_is_asked_for_a_card(client: Client, plugged: Driving) -> None:
    price(plugged.dario.operator, element("ENERGY", "0"), location=plugged.location)
    assert "Held on your card" not in see(client, HERE)
    answer = tap(client)
    charge = AdhocCharge.objects.get()
    assert answer["Location"] == f"/s/{charge.public_token}/"
    assert (charge.status, charge.hold, charge.payment) == ("started", Decimal(0), None)


def test_the_tap_keeps_what_was_shown_and_moves_no_money(client: Client, plugged: Driving) -> None:
    tap(client)
    charge = AdhocCharge.objects.get()
    shown = json.loads(charge.shown)
    assert shown["sentence"] == "€0.59/kWh, VAT included"
    assert (shown["at"], shown["language"]) == (MORNING.isoformat(), "en")
    assert charge.tariff_version is not None
    assert (Payment.objects.count(), Command.objects.count()) == (0, 0)


def test_a_second_tap_finds_the_first(client: Client, plugged: Driving) -> None:
    assert tap(client)["Location"] == tap(client)["Location"]
    assert AdhocCharge.objects.count() == 1


@pytest.mark.parametrize("reason", ["offline", "charging", "awaited"])
def test_what_cannot_start_asks_nobody_for_a_card(client: Client, plugged: Driving, reason: str) -> None:
    if reason == "offline":
        ChargingStation.objects.update(online=False)
    elif reason == "charging":
        plugged.begins(0)
    else:
        plugged.asked()
    assert tap(client).status_code == 409
    assert (AdhocCharge.objects.count(), Payment.objects.count()) == (0, 0)


def test_a_refusal_s_address_leads_back_to_the_socket(client: Client, plugged: Driving) -> None:
    """Another language, a reload, the block that fetches itself: nobody posts then."""
    ChargingStation.objects.update(online=False)
    refused = client.post(f"{HERE}pay/")
    assert (refused.status_code, f'hx-get="{HERE}"' in refused.content.decode()) == (409, True)
    assert client.get(f"{HERE}pay/")["Location"] == HERE


def test_a_browser_keeps_page_and_block_apart_and_a_secret_page_not_at_all(client: Client, plugged: Driving) -> None:
    assert {"HX-Request", "HX-Target"} <= set(client.get(HERE)["Vary"].split(", "))
    assert client.get(f"/s/{paid(client).public_token}/")["Cache-Control"] == "private, no-store"


def test_somebody_else_s_start_makes_it_busy(client: Client, plugged: Driving) -> None:
    paid(client)
    html = see(Client(), HERE)
    assert "Somebody is about to start here." in html
    assert "Pay and start" not in html


@pytest.mark.parametrize("status", ["Faulted", "Unavailable", "Reserved", "Charging"])
def test_what_is_broken_or_taken_asks_nobody_for_a_card(client: Client, plugged: Driving, status: str) -> None:
    plugged.status(status)
    assert tap(client).status_code == 409
    assert AdhocCharge.objects.count() == 0


def test_nobody_keeps_others_from_a_socket_by_trying_again_and_again(client: Client, plugged: Driving) -> None:
    tries = 30
    for _ in range(tries):
        assert Client().post(f"{HERE}pay/").status_code == 302
    assert Client().post(f"{HERE}pay/").status_code == 409
    assert AdhocCharge.objects.count() == tries
    assert Client(REMOTE_ADDR="192.0.2.7").post(f"{HERE}pay/").status_code == 302


def test_a_socket_bears_only_so_many_tries(client: Client, plugged: Driving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adhoc, "MOST_OPENED", 2)
    assert [Client().post(f"{HERE}pay/").status_code for _ in range(3)] == [302, 302, 409]
    assert AdhocCharge.objects.count() == 2


# ---- the card --------------------------------------------------------------------------------------------------------


def test_a_good_card_is_held_and_the_station_asked(client: Client, plugged: Driving) -> None:
    charge = paid(client)
    payment, token = charge.payment, charge.token
    assert payment is not None
    assert token is not None
    assert (payment.status, payment.amount, payment.later, payment.purpose) == (
        "authorized",
        Decimal(40),
        True,
        "adhoc",
    )
    assert (charge.status, payment.start_request) == ("started", charge.start)
    assert (len(token.uid), token.type, token.driver, token.max_active_sessions) == (20, "Central", None, 1)
    command = Command.objects.get()
    assert (command.kind, command.requested_by) == ("RequestStart", None)


def test_a_wrong_number_is_said_beside_its_field(client: Client, plugged: Driving) -> None:
    answer = give(client, "4242424242424241")
    assert answer.status_code == 400
    assert "This is no card number." in answer.content.decode()
    assert Command.objects.count() == 0


def test_a_declined_card_may_be_followed_by_another(client: Client, plugged: Driving) -> None:
    page = card_page(client)
    answer = give(client, POOR, page)
    assert answer.status_code == 402
    assert "There is not enough money on the card for this amount." in answer.content.decode()
    assert Command.objects.count() == 0
    client.get(give(client, GOOD, page)["Location"])
    assert statuses() == ("started", "", "authorized")
    assert Payment.objects.count() == 1


def test_the_bank_asks_and_a_yes_starts(client: Client, plugged: Driving) -> None:
    page = card_page(client)
    assert give(client, ASKS, page)["Location"] == page
    assert "wants to hold €40.00. Is it you?" in see(client, page)
    client.get(client.post(page, {"approve": "yes"})["Location"])
    assert statuses() == ("started", "", "authorized")


def test_the_bank_asks_and_a_no_starts_nothing(client: Client, plugged: Driving) -> None:
    page = card_page(client)
    give(client, ASKS, page)
    answer = client.post(page, {"approve": "no"}, headers=ENGLISH)
    assert answer.status_code == 402
    assert "The payment was not approved with the bank." in answer.content.decode()
    assert (Command.objects.count(), AdhocCharge.objects.get().status) == (0, "paying")


def test_a_wallet_is_one_tap(client: Client, plugged: Driving) -> None:
    answer = client.post(card_page(client), {"wallet": "google_pay"})
    client.get(answer["Location"])
    assert statuses() == ("started", "", "authorized")


def test_the_way_back_from_the_bank_claims_nothing(client: Client, plugged: Driving) -> None:
    """Whoever types the address has not paid."""
    token = tap(client)["Location"].split("/")[2]
    card = client.get(f"/pay/{token}/")["Location"]
    assert client.get(f"/pay/{token}/back/")["Location"] == f"/pay/{token}/"
    assert client.get(f"/pay/{token}/")["Location"] == card
    assert Command.objects.count() == 0


def test_who_goes_back_pays_nothing(client: Client, plugged: Driving) -> None:
    token = tap(client)["Location"].split("/")[2]
    client.get(f"/pay/{token}/")
    assert client.post(f"/pay/{token}/leave/")["Location"] == HERE
    assert statuses() == ("dropped", "gave_up", "released")


def test_a_page_that_is_tapped_on_again_later_begins_anew(client: Client, plugged: Driving) -> None:
    key = client.get(HERE).context["secret"]
    first = client.post(f"{HERE}pay/", {"key": key})["Location"]
    client.post(f"{first}leave/")
    again = client.post(f"{HERE}pay/", {"key": key})["Location"]
    assert again.startswith("/pay/")
    assert again != first
    odd = Client().post(f"{HERE}pay/", {"key": "short"})["Location"]
    assert len(odd) == len(first)
    assert AdhocCharge.objects.count() == 3


@pytest.mark.parametrize("path", ["pay/{}/", "pay/{}/back/", "s/{}/", "s/{}/done/", "s/{}/receipt.pdf", "pay/card/{}/"])
def test_a_guessed_secret_opens_nothing(client: Client, plugged: Driving, path: str) -> None:
    asked = client.get("/" + path.format("guessed"), follow=True)
    assert asked.status_code == 404
    assert "login" not in "".join(address for address, _status in asked.redirect_chain)
    assert AdhocCharge.objects.count() == 0


# ---- the start -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "reason", "said"),
    [
        ("rejected", "refused", "did not accept the start"),
        ("timeout", "unanswered", "does not answer"),
    ],
)
def test_a_refused_start_gives_the_hold_back_at_once(
    client: Client, plugged: Driving, answer: str, reason: str, said: str
) -> None:
    charge = paid(client)
    answered(answer)
    asked = Command.objects.get()
    station_signals.command_changed.send(sender=Command, id=asked.pk, station=asked.station_id)
    assert statuses() == ("dropped", reason, "released")
    tasks.pursue_due()  # the sweep finds nothing left to do
    assert statuses() == ("dropped", reason, "released")
    html = see(client, f"/s/{charge.public_token}/")
    assert said in html
    assert "Free again since" in html


def test_no_car_in_time_gives_it_back_and_a_late_car_is_told_no(client: Client, plugged: Driving, morning: Any) -> None:
    charge = paid(client)
    answered("accepted")
    morning.move_to(MORNING + starts.WAITS + timedelta(seconds=1))
    starts.expire(now=MORNING + starts.WAITS + timedelta(seconds=1))
    tasks.pursue_due()
    assert statuses() == ("dropped", "no_car", "released")
    assert charge.token is not None
    plugged.begins(5, token=charge.token)
    assert ChargingSession.objects.get().authorization == "Expired"


def test_a_station_that_went_away_while_paying_gives_it_back(client: Client, plugged: Driving) -> None:
    page = card_page(client)
    ChargingStation.objects.update(online=False)
    back = give(client, GOOD, page)["Location"]
    assert client.get(back)["Location"].startswith("/s/")
    assert statuses() == ("dropped", "offline", "released")


def test_of_two_payers_one_starts_and_the_other_has_his_money_back(client: Client, plugged: Driving) -> None:
    other = Client()
    mine, his = card_page(client), card_page(other)
    client.get(give(client, GOOD, mine)["Location"])
    other.get(give(other, GOOD, his)["Location"])
    ends = AdhocCharge.objects.order_by("pk").values_list("status", "reason", "payment__status")
    assert list(ends) == [("started", "", "authorized"), ("dropped", "busy", "released")]
    assert StartRequest.objects.count() == 1


def test_a_payment_that_nobody_finishes_is_let_go(client: Client, plugged: Driving, morning: Any) -> None:
    card_page(client)
    morning.move_to(MORNING + adhoc.PAYS_WITHIN + timedelta(minutes=1))
    tasks.pursue_due()
    assert statuses() == ("dropped", "gave_up", "released")


def test_killed_after_the_hold_the_sweep_starts(client: Client, plugged: Driving, morning: Any) -> None:
    """The browser never came back from the bank."""
    give(client, GOOD)
    payment = Payment.objects.get()
    AdhocCharge.objects.update(payment=None)
    payments.refresh(payment=payment)
    morning.move_to(minute(2))
    tasks.pursue_due()
    assert statuses() == ("started", "", "authorized")


class Killed(BaseException):
    """Nobody catches it: the process is gone."""


def test_killed_while_the_station_is_asked_there_is_no_start_that_nobody_knows(
    client: Client, plugged: Driving, morning: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(**facts: Any) -> None:
        raise Killed

    back = give(client, GOOD)["Location"]
    monkeypatch.setattr(holds, "attach", die)  # the last step of the start
    with pytest.raises(Killed), transaction.atomic():
        client.get(back)
    monkeypatch.undo()
    assert (StartRequest.objects.count(), Token.objects.filter(uid__startswith="QR-").count()) == (0, 0)
    morning.move_to(minute(2))
    payments.refresh(payment=Payment.objects.get())  # as the sweep of payments does
    tasks.pursue_due()
    assert statuses() == ("started", "", "authorized")
    assert StartRequest.objects.count() == 1


def test_a_provider_that_is_away_gives_the_hold_back_when_it_returns(
    client: Client, plugged: Driving, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any, **facts: Any) -> None:
        raise Unavailable("away")

    paid(client)
    answered("rejected")
    with monkeypatch.context() as down:
        down.setattr(fake_gateway.FakeGateway, "release", away)
        tasks.pursue_due()
    assert statuses() == ("dropped", "refused", "authorized")
    assert "being released just now" in see(client, f"/s/{AdhocCharge.objects.get().public_token}/")
    tasks.pursue_due()
    assert statuses() == ("dropped", "refused", "released")


def test_scanning_again_leads_the_same_phone_to_its_charge(client: Client, plugged: Driving) -> None:
    charge = paid(client)
    assert f'href="/s/{charge.public_token}/">Go to your charge' in see(client, HERE)
    assert "Go to your charge" not in see(Client(), HERE)


def test_the_bar_leads_back_from_every_page(client: Client, plugged: Driving) -> None:
    charge = paid(client)
    assert f'href="/s/{charge.public_token}/"' in see(client, "/help/")
    assert f'href="/s/{charge.public_token}/"' not in see(Client(), "/help/")


# ---- the charge, and its end -----------------------------------------------------------------------------------------


def charged(client: Client, world: Driving, wh: int = 20_000) -> AdhocCharge:
    charge = paid(client)
    assert charge.token is not None
    answered("accepted")
    session = world.begins(0, token=charge.token)
    tasks.pursue_due()
    world.reads(session, 30, wh // 2, power=11_000)
    world.ends(session, 60, wh)
    rating.rate(session_id=session.pk)
    settling.settle(cdr_id=CDR.objects.get().pk)
    return AdhocCharge.objects.get()


def test_followed_and_stopped_by_whoever_has_the_link(client: Client, plugged: Driving) -> None:
    charge = paid(client)
    assert charge.token is not None
    answered("accepted")
    plugged.begins(0, token=charge.token)
    html = see(Client(), f"/s/{charge.public_token}/")
    assert "Card held" in html
    assert "Stop charging" in html
    assert Client().post(f"/s/{charge.public_token}/stop/").status_code == 302
    assert Command.objects.filter(kind="RequestStop").count() == 1


def test_a_hold_that_is_used_up_is_said_while_the_charger_stops(client: Client, plugged: Driving) -> None:
    charge = paid(client)
    assert charge.token is not None
    answered("accepted")
    plugged.begins(0, token=charge.token)
    assert "is used up" not in see(client, f"/s/{charge.public_token}/")
    Payment.objects.update(stop_asked_at=MORNING)
    assert "What is held on your card is used up" in see(client, f"/s/{charge.public_token}/")


def test_the_receipt_says_what_was_held_taken_and_freed(client: Client, plugged: Driving) -> None:
    charge = charged(client, plugged)
    html = see(client, f"/s/{charge.public_token}/done/")
    assert "Charge ended: €11.80" in html
    told = (
        ("Held at the start", "€40.00"),
        ("Collected", "Visa …4242"),
        ("Visa", "€11.80"),
        ("Free again since", "€28.20"),
    )
    for words, amount in told:
        assert amount in html.partition(words)[2][:160]
    assert charge.payment is not None
    assert (charge.payment.status, charge.payment.captured) == ("captured", Decimal("11.80"))
    pdf = client.get(f"/s/{charge.public_token}/receipt.pdf")
    assert pdf.content[:5] == b"%PDF-"


def test_until_the_amount_is_known_the_hold_is_shown_as_it_stands(client: Client, plugged: Driving) -> None:
    charge = paid(client)
    assert charge.token is not None
    answered("accepted")
    session = plugged.begins(0, token=charge.token)
    plugged.ends(session, 60, 20_000)
    html = see(client, f"/s/{charge.public_token}/done/")
    assert "The final amount comes in a few minutes" in html
    assert "€40.00" in html.partition("Held at the start")[2]
    assert "Free again" not in html
    decisions.discard(session=ChargingSession.objects.get(), reason="a test of ours", by=None)
    rating.rate(session_id=session.pk)
    for cdr in CDR.objects.all():
        settling.settle(cdr_id=cdr.pk)
    html = see(client, f"/s/{charge.public_token}/done/")
    assert "This charge was cancelled." in html
    assert "€40.00" in html.partition("Free again since")[2]


def test_whoever_has_the_link_says_how_it_went(client: Client, plugged: Driving) -> None:
    secret = f"/s/{charged(client, plugged).public_token}/"
    assert Client().post(f"{secret}stars/", {"stars": "5"})["Location"] == f"{secret}done/#stars"
    assert see(client, f"{secret}done/").count('aria-pressed="true"') == 5
    assert Client().post("/s/guessed/stars/", {"stars": "1"}).status_code == 404


def test_a_hold_that_was_raised_is_told_as_it_was_seen_first(client: Client, plugged: Driving) -> None:
    charge = paid(client)
    assert charge.token is not None
    assert charge.payment is not None
    answered("accepted")
    session = plugged.begins(0, token=charge.token)
    holds.increment(payment=charge.payment, amount=Decimal(80))
    plugged.ends(session, 60, 20_000)
    html = see(client, f"/s/{charge.public_token}/done/")
    assert "€40.00" in html.partition("Held at the start")[2][:120]
    assert "€80.00" in html.partition("Raised while you charged")[2][:80]


def test_the_phone_finds_its_receipt_again(client: Client, plugged: Driving) -> None:
    charge = charged(client, plugged)
    assert f'href="/s/{charge.public_token}/done/"' in see(client, HERE)
    assert "/done/" not in see(Client(), HERE)


def test_no_energy_costs_nothing_and_the_hold_is_let_go(client: Client, plugged: Driving) -> None:
    charge = charged(client, plugged, 0)
    assert charge.payment is not None
    assert charge.payment.status == "released"
    done = f"/s/{charge.public_token}/"
    assert "No energy flowed" in see(client, f"{done}done/")
    client.post(f"{done}mail/", {"email": "greta@example.org"}, headers=ENGLISH)
    assert [(sent.to, len(sent.attachments)) for sent in mail.outbox] == [
        (["greta@example.org"], 1)
    ]  # asked for by name


def test_the_receipt_goes_where_it_is_asked_for(client: Client, plugged: Driving, morning: Any) -> None:
    charge = charged(client, plugged)
    morning.move_to(minute(61))
    mail.outbox.clear()
    answer = client.post(f"/s/{charge.public_token}/mail/", {"email": "greta@example.org"}, headers=ENGLISH)
    assert answer.status_code == 302
    (sent,) = mail.outbox
    assert (sent.to, len(sent.attachments)) == (["greta@example.org"], 1)
    assert f"/s/{charge.public_token}/done/" in str(sent.body)


def test_a_mistyped_address_is_followed_by_the_right_one_and_by_no_fourth(
    client: Client, plugged: Driving, morning: Any
) -> None:
    charge = charged(client, plugged)
    morning.move_to(MORNING + timedelta(days=30))  # the link is kept longer than any announcement
    page = f"/s/{charge.public_token}/"
    mail.outbox.clear()
    said = [
        client.post(f"{page}mail/", {"email": address}, headers=ENGLISH).status_code
        for address in ("greta@exmaple.org", "greta@exmaple.org", "greta@example.org", "c@example.org", "d@example.org")
    ]
    assert said == [302, 302, 302, 302, 400]
    assert [sent.to for sent in mail.outbox] == [["greta@exmaple.org"], ["greta@example.org"], ["c@example.org"]]
    html = see(client, f"{page}done/")
    assert "c@example.org" in html.partition("Mailed to")[2][:60]
    assert "Send it to another address" in html


BUYER = {
    "number": "IT00743110157",
    "billing_name": "Bellini Impianti S.r.l.",
    "recipient": "M5UXCR1",
    "place": "Via Emilia Est 120, 41124 Modena MO",
}


def legal(operator: Operator) -> None:
    Operator.objects.filter(pk=operator.pk).update(
        legal_name="Rete Adriatica S.r.l.",
        vat_number="IT00743110157",
        address="Via Stalingrado 71",
        postal_code="40128",
        city="Bologna",
        province="BO",
        iban="IT60X0542811101000000123456",
    )


def test_four_fields_make_the_invoice_once(client: Client, plugged: Driving, morning: Any) -> None:
    legal(plugged.dario.operator)
    charge = charged(client, plugged)
    morning.move_to(minute(65))
    for _ in range(2):
        assert client.post(f"/s/{charge.public_token}/invoice/", BUYER).status_code == 302
    invoice = Invoice.objects.get()
    buyer = json.loads(invoice.buyer)
    assert (invoice.driver, invoice.total_incl_vat) == (None, Decimal("11.80"))
    assert {
        n: buyer[n] for n in ("legal_name", "vat_number", "sdi_code", "address", "postal_code", "city", "province")
    } == {
        "legal_name": "Bellini Impianti S.r.l.",
        "vat_number": "IT00743110157",
        "sdi_code": "M5UXCR1",
        "address": "Via Emilia Est 120",
        "postal_code": "41124",
        "city": "Modena",
        "province": "MO",
    }
    assert client.get(f"/s/{charge.public_token}/invoice.pdf").content[:5] == b"%PDF-"


def test_a_private_person_from_abroad_names_the_country_alone(client: Client, plugged: Driving, morning: Any) -> None:
    legal(plugged.dario.operator)
    charge = charged(client, plugged)
    morning.move_to(minute(65))
    greta = {"number": "de", "billing_name": "Greta Huber", "place": "Hauptstraße 5, 10115 Berlin"}
    assert client.post(f"/s/{charge.public_token}/invoice/", greta).status_code == 302
    buyer = json.loads(Invoice.objects.get().buyer)
    assert (buyer["country_code"], buyer.get("vat_number", ""), buyer["postal_code"]) == ("DE", "", "10115")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"number": "IT00743110158"}, "wrong"),
        ({"number": "0123456789"}, "11"),
        ({"place": "Modena"}, "Street and number, a comma"),
        ({"place": "Via Emilia Est 120, 41124 Modena"}, "The province is missing"),
        ({"number": "DE", "billing_name": " "}, "This field is required."),
    ],
)
def test_what_is_wrong_with_the_buyer_is_said_and_nothing_issued(
    client: Client, plugged: Driving, morning: Any, wrong: dict[str, str], said: str
) -> None:
    legal(plugged.dario.operator)
    charge = charged(client, plugged)
    morning.move_to(minute(65))
    answer = client.post(f"/s/{charge.public_token}/invoice/", BUYER | wrong, headers=ENGLISH)
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert (Invoice.objects.count(), AdhocCharge.objects.get().buyer) == (0, "")


def test_after_midnight_there_is_no_invoice_here(client: Client, plugged: Driving, morning: Any) -> None:
    legal(plugged.dario.operator)
    charge = charged(client, plugged)
    morning.move_to(MORNING + timedelta(days=1))
    client.post(f"/s/{charge.public_token}/invoice/", BUYER)
    assert Invoice.objects.count() == 0


def test_tokens_of_one_charge_are_forgotten(client: Client, plugged: Driving, morning: Any) -> None:
    charge = charged(client, plugged)
    assert charge.token is not None
    morning.move_to(MORNING + timedelta(days=5))
    assert tasks.forget_tokens() == 1
    assert not Token.objects.filter(pk=charge.token.pk).exists()
    assert ChargingSession.objects.get().id_tag == charge.token.uid


# ---- with a live provider ----------------------------------------------------------------------------------------------


def test_only_the_page_that_pays_speaks_with_the_provider(client: Client, plugged: Driving, settings: Any) -> None:
    token = tap(client)["Location"].split("/")[2]
    client.get(f"/pay/{token}/")
    settings.STRIPE_PUBLISHABLE_KEY = "pk_test_colonnina"
    Payment.objects.update(gateway="stripe", client_secret="pi_1_secret_2")
    answer = client.get(f"/pay/{token}/", headers=ENGLISH)
    html, policy = answer.content.decode(), answer["Content-Security-Policy"]
    assert 'src="https://js.stripe.com/v3/"' in html
    assert 'data-stripe="pk_test_colonnina" data-secret="pi_1_secret_2" data-kind="payment"' in html
    assert "script-src 'self' https://js.stripe.com" in policy
    assert "stripe" not in client.get(HERE)["Content-Security-Policy"]


def test_with_a_live_provider_there_is_no_card_page_of_ours(client: Client, plugged: Driving, settings: Any) -> None:
    page = card_page(client)
    settings.PAYMENT_GATEWAY = "stripe"
    assert client.get(page).status_code == 404
    assert give(client, GOOD, page).status_code == 404
