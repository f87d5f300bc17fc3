"""What a person decides on a charge's page, and what it says before, during and after."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Driver, Membership, Operator, Role, User
from billing.models import CDR
from billing.services.charges import rating
from billing.services.invoicing import invoices
from billing.services.prices import assigning, tariffs
from cms.wiring import csms
from sessions_app.models import ChargingSession, Evidence, OrphanVerdict
from stations.models import ChargingStation
from tests.factories import LocationFactory, TokenFactory
from tests.sessions_app.telling import MORNING, Teller

from .everything import BUYER, SELLER

PRICE = [{"price_components": [{"type": "ENERGY", "price": Decimal("0.55"), "vat": 22, "step_size": 1}]}]


@pytest.fixture(autouse=True)
def _later() -> Iterator[None]:
    with time_machine.travel(MORNING + timedelta(hours=5), tick=False):
        yield


@pytest.fixture
def pole(operator: Operator, station: ChargingStation, dario: Driver) -> Teller:
    """0,55 €/kWh in Rome."""
    day_before = MORNING - timedelta(days=1)
    version = tariffs.create(operator=operator, name="AC", elements=PRICE, valid_from=day_before, by=None)
    assigning.assign(tariff=version.tariff, operator=operator, valid_from=day_before, by=None)
    TokenFactory(operator=operator, driver=dario, uid="04A1B2C3")
    station.location = LocationFactory(operator=operator)
    station.save()
    return Teller(station)


@pytest.fixture
def running(pole: Teller) -> ChargingSession:
    (told,) = csms.handle([pole.start(0, meter=1_000)])
    csms.handle([pole.update(30, told.transaction_id, 7_000, power=12_000)])
    return ChargingSession.objects.get()


@pytest.fixture
def doubtful(running: ChargingSession, pole: Teller) -> ChargingSession:
    """Its meter ran backwards: the readings say 6 kWh, 3,30 €."""
    csms.handle([pole.stop(60, running.transaction_id, 0)])
    rating.rate(session_id=running.pk)
    running.refresh_from_db()
    assert (running.review, CDR.objects.get().total_incl_vat) == ("negative", Decimal("3.30"))
    return running


@pytest.fixture
def desk(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


def said(answer: Any) -> str:
    return answer.content.decode().replace("\u00a0", " ").replace("&nbsp;", " ").replace("&#x27;", "'")


def text(client: Client, path: str) -> str:
    return said(client.get(path, headers={"Accept-Language": "en"}))


def post(client: Client, path: str, **given: str) -> Any:
    return client.post(path, given, headers={"Accept-Language": "en"})


def test_the_page_shows_every_figure_and_which_one_counts(desk: Client, doubtful: ChargingSession) -> None:
    page = text(desk, f"/ops/sessions/{doubtful.pk}/")
    for words in (
        "Which readings make up this energy?",
        "6.00 kWh, with 1 reading on the way",
        "The meter at the start and at the end contradict each other (−1.000 kWh): the readings count.",
        "Readings of this charge",
        "its clock 10:30:00, ours 10:30:00",
        "The meter ran backwards.",
    ):
        assert words in page, words


def test_each_dialog_says_what_it_means_in_money(desk: Client, doubtful: ChargingSession) -> None:
    page = text(desk, f"/ops/sessions/{doubtful.pk}/?ask=ask-discard")
    assert "The bill of €3.30 for 6.00 kWh stands, and is collected." in page
    assert "The bill of €3.30 is taken back; nothing is charged" in page
    assert '<dialog id="ask-discard" aria-labelledby="ask-discard-t" open class="here">' in page
    assert 'id="ask-close"' not in page


def test_a_correction_is_priced_before_it_is_made(desk: Client, doubtful: ChargingSession) -> None:
    """Both decimal signs; the end in the local time of the site."""
    path = f"/ops/sessions/{doubtful.pk}/correct/"
    given = {"energy_kwh": "8,2", "stopped_at": "2026-05-01T11:20:00", "reason": "Read on site"}

    shown = post(desk, path, **given)

    assert "The bill of €3.30 is taken back and €4.51 charged instead." in said(shown)
    assert not Evidence.objects.filter(kind="corrected").exists()
    assert CDR.objects.count() == 1
    seen = shown.content.decode().split('name="previewed" value="')[1].split('"')[0]

    done = post(desk, path, **given | {"energy_kwh": "8.2"}, previewed=seen)

    assert done["Location"] == f"/ops/sessions/{doubtful.pk}/"
    session = ChargingSession.objects.get()
    assert (session.energy, session.stopped_at) == (Decimal(8_200), datetime(2026, 5, 1, 9, 20, tzinfo=UTC))
    totals = list(CDR.objects.order_by("revision").values_list("total_incl_vat", flat=True))
    assert totals == [Decimal("3.30"), Decimal("-3.30"), Decimal("4.51")]
    page = text(desk, f"/ops/sessions/{doubtful.pk}/")
    for words in (
        "Settled by a person",
        "Corrected to 8.200 kWh",
        "“Read on site”",
        "anna@rete.example",
        "Bill 2: −€3.30, taken back",
        "Bill 3: €4.51",
    ):
        assert words in page, words


def test_other_figures_than_those_previewed_are_previewed_again(desk: Client, doubtful: ChargingSession) -> None:
    path = f"/ops/sessions/{doubtful.pk}/correct/"
    given = {"stopped_at": "2026-05-01T11:20:00", "reason": "Read on site"}
    shown = post(desk, path, energy_kwh="8,2", **given)
    seen = shown.content.decode().split('name="previewed" value="')[1].split('"')[0]

    again = post(desk, path, energy_kwh="9", previewed=seen, **given)

    assert "€4.95 charged instead" in said(again)
    assert not Evidence.objects.filter(kind="corrected").exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"energy_kwh": "much"}, "Enter a number."),
        ({"energy_kwh": "-1"}, "greater than or equal to 0"),
        ({"stopped_at": "2026-05-01T09:00:00"}, "The end lies between the start and now."),
        ({"reason": ""}, "Say why: the reason is kept with the charge."),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_lost(
    desk: Client, doubtful: ChargingSession, given: dict[str, str], words: str
) -> None:
    good = {"energy_kwh": "8,2", "stopped_at": "2026-05-01T11:20:00", "reason": "Read on site"}
    answer = post(desk, f"/ops/sessions/{doubtful.pk}/correct/", **good | given)

    page = said(answer)
    assert answer.status_code == 400
    assert words in page
    for kept in (good | given).values():
        assert kept in page
    assert not Evidence.objects.filter(kind="corrected").exists()


def test_the_prefilled_end_stays_the_instant_that_it_was(desk: Client, doubtful: ChargingSession) -> None:
    moment = MORNING + timedelta(minutes=60, microseconds=123_000)
    ChargingSession.objects.update(stopped_at=moment)
    path = f"/ops/sessions/{doubtful.pk}/correct/"
    given = {"energy_kwh": "8.2", "stopped_at": "2026-05-01T11:30:00", "reason": "Read on site"}
    shown = post(desk, path, **given)
    seen = shown.content.decode().split('name="previewed" value="')[1].split('"')[0]
    post(desk, path, previewed=seen, **given)
    assert ChargingSession.objects.get().stopped_at == moment


@pytest.mark.parametrize(
    ("kind", "review", "discarded", "totals"),
    [("accept", "", False, ["3.30"]), ("discard", "", True, ["3.30", "-3.30", "0.00"])],
)
def test_it_is_accepted_or_discarded_with_a_reason(
    desk: Client, doubtful: ChargingSession, kind: str, review: str, discarded: bool, totals: list[str]
) -> None:
    refused = post(desk, f"/ops/sessions/{doubtful.pk}/{kind}/", reason=" ")
    assert refused.status_code == 400
    assert ChargingSession.objects.get().review == "negative"

    post(desk, f"/ops/sessions/{doubtful.pk}/{kind}/", reason="Spoke with the driver")

    session = ChargingSession.objects.get()
    assert (session.review, session.discarded) == (review, discarded)
    bills = CDR.objects.order_by("revision").values_list("total_incl_vat", flat=True)
    assert list(bills) == [Decimal(total) for total in totals]
    assert "“Spoke with the driver”" in text(desk, f"/ops/sessions/{doubtful.pk}/")


def test_a_running_charge_is_closed_with_a_reason(desk: Client, running: ChargingSession) -> None:
    page = text(desk, f"/ops/sessions/{running.pk}/")
    assert "€3.30 would be charged, once somebody has accepted the estimate." in page
    assert post(desk, f"/ops/sessions/{running.pk}/close/").status_code == 400

    post(desk, f"/ops/sessions/{running.pk}/close/", reason="The charger burnt")

    running.refresh_from_db()
    assert (running.status, running.stop_reason) == ("completed", "The charger burnt")


def test_an_invoiced_charge_says_that_a_credit_note_comes_first(
    desk: Client, doubtful: ChargingSession, operator: Operator, dario: Driver, anna: User
) -> None:
    Operator.objects.filter(pk=operator.pk).update(**SELLER)
    Driver.objects.filter(pk=dario.pk).update(**BUYER)
    post(desk, f"/ops/sessions/{doubtful.pk}/accept/", reason="Fine")
    document = invoices.issue(cdrs=[CDR.objects.get()], by=anna)

    page = text(desk, f"/ops/sessions/{doubtful.pk}/")

    assert f"This charge is on invoice {document.number}: its bill changes only after a credit note." in page
    assert f'<a href="/ops/billing/invoices/{document.pk}/">Credit the invoice first</a>' in page


@pytest.mark.parametrize(
    ("role", "kinds"), [(Role.SUPPORT, ["close"]), (Role.TECHNICIAN, []), (Role.HOST, []), (Role.MANAGER, ["close", "correct", "discard"])]
)  # fmt: skip
def test_each_role_finds_what_it_may_do(
    client: Client, running: ChargingSession, operator: Operator, carla: User, role: str, kinds: list[str]
) -> None:
    Membership.objects.filter(user=carla).update(operator=operator, role=role)
    client.force_login(carla)
    page = text(client, f"/ops/sessions/{running.pk}/")
    assert [kind for kind in ("close", "accept", "correct", "discard") if f'<dialog id="ask-{kind}"' in page] == kinds
    for kind in {"close", "correct", "discard"} - set(kinds):
        assert post(client, f"/ops/sessions/{running.pk}/{kind}/", reason="I want to").status_code == 403
    assert not Evidence.objects.filter(kind__in=("closed", "corrected", "discarded")).exists()


def test_the_list_of_those_that_wait_is_worked_through_with_one_click(desk: Client, doubtful: ChargingSession) -> None:
    page = text(desk, "/ops/sessions/?view=review")
    assert "1 charge waits for a person: €3.30 are at stake." in page
    assert "The meter ran backwards" in page

    answer = post(desk, f"/ops/sessions/{doubtful.pk}/accept/at-once/")

    assert answer["Location"] == "/ops/sessions/?view=review"
    assert ChargingSession.objects.get().review == ""
    assert "No charge waits for a person." in text(desk, "/ops/sessions/?view=review")


def test_the_list_costs_the_same_for_many_that_wait(
    desk: Client, doubtful: ChargingSession, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        copy = ChargingSession.objects.get(pk=doubtful.pk)
        copy.pk, copy.start_key, copy.transaction_id = None, f"k{number}", f"t{number}"
        copy.save()
    with django_assert_max_num_queries(24):
        assert desk.get("/ops/sessions/?view=review").status_code == 200


@pytest.fixture
def orphan(running: ChargingSession, pole: Teller) -> Evidence:
    csms.handle([pole.start(1, meter=50, evse=2)])
    csms.handle([pole.stop(60, "-1", 11_000)])
    return Evidence.objects.orphans().get()


def test_an_orphan_is_given_to_its_charge(desk: Client, running: ChargingSession, orphan: Evidence) -> None:
    assert "1 message of a charger belongs to no charge." in text(desk, "/ops/sessions/?view=review")
    page = text(desk, "/ops/sessions/orphans/")
    assert "The end of charge “-1”, which we do not know. Its meter showed 11.000 kWh. Stopped at the charger." in page
    path = f"/ops/sessions/orphans/{orphan.pk}/"
    refused = post(desk, path, do="attach", session=str(running.pk), reason="")
    assert refused.status_code == 400
    assert f'<option value="{running.pk}" selected>' in said(refused)

    done = post(desk, path, do="attach", session=str(running.pk), reason="Its stop")

    assert done["Location"] == f"/ops/sessions/{running.pk}/"
    session = ChargingSession.objects.get(pk=running.pk)
    assert (session.status, session.energy) == ("completed", Decimal(10_000))
    assert CDR.objects.get(session=session).total_incl_vat == Decimal("5.50")
    assert "A message that belonged to no charge was given to this one" in text(desk, f"/ops/sessions/{running.pk}/")
    assert desk.get(path).status_code == 404


def test_an_orphan_is_set_aside(desk: Client, orphan: Evidence) -> None:
    path = f"/ops/sessions/orphans/{orphan.pk}/"
    assert post(desk, path, do="set_aside", reason="").status_code == 400
    assert not OrphanVerdict.objects.exists()

    assert post(desk, path, do="set_aside", reason="A test")["Location"] == "/ops/sessions/orphans/"
    assert OrphanVerdict.objects.get().reason == "A test"
    assert "Every message has found its charge." in text(desk, "/ops/sessions/orphans/")


def test_support_sees_orphans_and_settles_none(
    client: Client, tom: User, orphan: Evidence, carla: User, desk: Client
) -> None:
    browser = Client()
    browser.force_login(tom)
    path = f"/ops/sessions/orphans/{orphan.pk}/"
    assert "Whoever keeps the books settles it." in text(browser, path)
    assert post(browser, path, do="set_aside", reason="A test").status_code == 403
    browser.force_login(carla)
    assert browser.get(path).status_code == 404
    assert "-1" not in text(browser, "/ops/sessions/orphans/").split("<main")[1]
    assert not OrphanVerdict.objects.exists()
