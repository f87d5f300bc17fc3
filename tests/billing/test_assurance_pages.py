"""Olga sees what is at risk and puts it right; who may only look, looks; Carla sees nothing of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Driver, User
from billing.models import CDR, AssuranceDay, Payment, PaymentMethod, TariffVersion
from billing.selectors import assurance_checks
from billing.services.charges import rating
from cms.wiring import csms
from sessions_app.models import ChargingSession, Evidence, OrphanVerdict
from stations.models import ChargingStation
from tests.factories import TokenFactory
from tests.factories.billing import EndedSessionFactory
from tests.sessions_app.telling import MORNING, Teller

PAGE = "/ops/billing/assurance/"
LATER = MORNING + timedelta(hours=6)


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(LATER, tick=False):
        yield


@pytest.fixture(autouse=True)
def _in_english(client: Client, settings: Any) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"


@pytest.fixture
def doubtful(price: Callable[..., TariffVersion], station: ChargingStation, dario: Driver) -> ChargingSession:
    """20 kWh, 11.00 €: but the clock of the stop runs backwards, and the meter with it."""
    price()
    TokenFactory(operator=station.operator, driver=dario, uid="04A1B2C3")
    pole = Teller(station)
    number = csms.handle([pole.start(0, meter=1_000)])[0].transaction_id
    csms.handle([pole.update(30, number, 21_000), pole.stop(60, number, 0)])
    session = ChargingSession.objects.get()
    rating.rate(session_id=session.pk)
    return session


@pytest.fixture
def unbilled(
    price: Callable[..., TariffVersion], station: ChargingStation, dario: Driver, card: PaymentMethod
) -> ChargingSession:
    """10 kWh that ended five hours ago."""
    price()
    TokenFactory(operator=station.operator, driver=dario, uid="04A1B2C3")
    pole = Teller(station)
    number = csms.handle([pole.start(0, meter=0)])[0].transaction_id
    csms.handle([pole.update(30, number, 5_000), pole.stop(60, number, 10_000)])
    CDR.objects.all().delete()
    return ChargingSession.objects.get()


def page(client: Client, person: User, address: str = PAGE) -> str:
    client.force_login(person)
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def decide(client: Client, check: str, do: str, **facts: Any) -> Any:
    return client.post(f"{PAGE}resolve/", {"check": check, "do": do, **facts}, follow=True)


def test_a_clean_page_is_one_calm_sentence(client: Client, olga: User) -> None:
    said = page(client, olga)
    assert "Nothing is at risk." in said
    assert said.count("notice good") == 1
    assert "<table" not in said


def test_a_doubt_shows_with_its_money_its_trend_and_its_charge(
    client: Client, olga: User, doubtful: ChargingSession
) -> None:
    said = page(client, olga)
    assert "at risk in 1 case." in said
    assert "Today 1; earlier days were not kept." in said
    listed = page(client, olga, f"{PAGE}?check=incomplete") + page(client, olga, f"{PAGE}?check=doubted")
    listed += page(client, olga, f"{PAGE}?check=negative")
    assert f"/ops/sessions/{doubtful.pk}/" in listed


def test_accepting_says_first_what_it_means_then_makes_it_payable(
    client: Client, olga: User, doubtful: ChargingSession
) -> None:
    (check,) = {name for name in assurance_checks.BY_NAME if str(doubtful.pk) in _cases(client, olga, name)} - {
        "orphan"
    }
    asked = page(client, olga, f"{PAGE}resolve/?check={check}&do=accept&ids={doubtful.pk}")
    owed = CDR.objects.get().total_incl_vat
    assert f"{owed:.2f}" in asked
    assert not CDR.objects.billable().exists()  # to ask changes nothing
    without = decide(client, check, "accept", ids=doubtful.pk)
    assert without.status_code == 400
    assert not CDR.objects.billable().exists()
    answer = decide(client, check, "accept", ids=doubtful.pk, reason="Seen with the driver")
    assert "done for 1 case." in answer.content.decode()
    assert CDR.objects.billable().get().session == doubtful
    assert Evidence.objects.get(kind="accepted").facts.count("Seen with the driver") == 1
    assert AssuranceDay.objects.get(subject="").cases == 0
    decide(client, check, "accept", ids=doubtful.pk, reason="Again")
    assert Evidence.objects.filter(kind="accepted").count() == 1


def _cases(client: Client, person: User, check: str) -> str:
    said = page(client, person, f"{PAGE}?check={check}")
    return said[said.find("<tbody>") : said.find("</tbody>")]


def test_discarding_many_gives_up_their_money(client: Client, olga: User, doubtful: ChargingSession) -> None:
    (check,) = {name for name in assurance_checks.BY_NAME if str(doubtful.pk) in _cases(client, olga, name)}
    answer = decide(client, check, "discard", every=1, reason="A test of the electrician")
    assert "done for 1 case." in answer.content.decode()
    doubtful.refresh_from_db()
    assert doubtful.discarded
    assert CDR.objects.standing().get().total_incl_vat == 0


def test_billing_now_makes_the_record_that_was_missing(client: Client, anna: User, unbilled: ChargingSession) -> None:
    assert f"ids={unbilled.pk}" in page(client, anna, f"{PAGE}?check=unbilled")
    decide(client, "unbilled", "rate", ids=unbilled.pk)
    assert CDR.objects.standing().get().total_incl_vat == Decimal("5.50")
    assert "Nothing here" in page(client, anna, f"{PAGE}?check=unbilled")


def test_collecting_now_collects_what_is_due(client: Client, anna: User, unbilled: ChargingSession) -> None:
    rating.rate(session_id=unbilled.pk)
    Payment.objects.all().delete()
    with time_machine.travel(LATER + timedelta(days=2), tick=False):
        client.force_login(anna)
        decide(client, "uncollected", "collect", ids=unbilled.pk)
    assert Payment.objects.get().status == Payment.Status.CAPTURED


def test_a_lost_stop_is_set_aside(client: Client, anna: User, station: ChargingStation) -> None:
    csms.handle([Teller(station).stop(0, "4711", 5_000)])
    stray = Evidence.objects.get()
    assert f"ids={stray.pk}" in page(client, anna, f"{PAGE}?check=orphan")
    assert "No money is moved." in page(client, anna, f"{PAGE}resolve/?check=orphan&do=set_aside&ids={stray.pk}")
    decide(client, "orphan", "set_aside", ids=stray.pk, reason="Replaced board")
    assert OrphanVerdict.objects.get().evidence == stray
    assert "Nothing is at risk." in page(client, anna)


def test_tom_looks_but_decides_nothing(client: Client, tom: User, unbilled: ChargingSession) -> None:
    said = page(client, tom, f"{PAGE}?check=unbilled")
    assert str(unbilled.pk) in said
    assert "resolve/?" not in said
    assert client.get(f"{PAGE}resolve/?check=unbilled&do=rate&ids={unbilled.pk}").status_code == 403
    assert decide(client, "unbilled", "rate", ids=unbilled.pk).status_code == 403
    assert not CDR.objects.exists()


def test_carla_reaches_none_of_it(
    client: Client, carla: User, unbilled: ChargingSession, settings: Any, tmp_path: Any
) -> None:
    assert "Nothing is at risk." in page(client, carla)
    decide(client, "unbilled", "rate", ids=unbilled.pk)
    decide(client, "unbilled", "discard", ids=unbilled.pk, reason="Mine now")
    decide(client, "unbilled", "rate", every=1)
    unbilled.refresh_from_db()
    assert not CDR.objects.exists()
    assert not unbilled.discarded
    assert len(taken(client, settings, tmp_path)) == 1


def test_a_list_asks_as_often_for_twenty_cases_as_for_two(
    client: Client, olga: User, station: ChargingStation, django_assert_max_num_queries: Any
) -> None:
    client.force_login(olga)
    for address in (f"{PAGE}?check=negative", f"{PAGE}resolve/?check=negative&do=accept&every=1"):
        EndedSessionFactory.create_batch(20, station=station, started_at=MORNING, review="negative")
        with django_assert_max_num_queries(14):
            assert client.get(address).content.decode().count("CP-0042") >= 10


def test_what_is_typed_into_the_address_chooses_nothing(client: Client, olga: User, unbilled: ChargingSession) -> None:
    client.force_login(olga)
    for text in ("", "%00", "9" * 30, "-1", "%C2%B2", "poem"):
        answer = client.get(f"{PAGE}resolve/?check=unbilled&do=rate&ids={text}")
        assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}?check=unbilled"), text
        assert client.get(f"{PAGE}?check=unbilled&page={text}").status_code == 200


def test_a_check_offers_only_what_belongs_to_it(client: Client, olga: User, unbilled: ChargingSession) -> None:
    client.force_login(olga)
    assert decide(client, "unbilled", "accept", ids=unbilled.pk, reason="x").status_code == 404
    assert client.get(f"{PAGE}?check=poem").status_code == 404
    assert client.get(f"{PAGE}resolve/?check=unbilled&do=sing").status_code == 404


def test_one_charge_that_breaks_does_not_keep_the_others(
    client: Client, olga: User, unbilled: ChargingSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*, session_id: int) -> None:
        raise ArithmeticError("a poisoned session")

    monkeypatch.setattr(rating, "rate", breaks)
    client.force_login(olga)
    answer = decide(client, "unbilled", "rate", ids=unbilled.pk)
    assert f"Case {unbilled.pk} could not be worked out" in answer.content.decode()


def taken(client: Client, settings: Any, tmp_path: Any, **params: str) -> list[str]:
    """The file of the list, line by line."""
    settings.MEDIA_ROOT = tmp_path
    asked = {"kind": "at_risk", "preset": "csv_it", **params}
    answer = client.post("/ops/billing/exports/start/", asked, follow=True)
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    return text.removeprefix("\ufeff").strip().split("\r\n")


def test_anna_takes_the_cases_to_her_spreadsheet(
    client: Client, anna: User, unbilled: ChargingSession, settings: Any, tmp_path: Any
) -> None:
    client.force_login(anna)
    lines = taken(client, settings, tmp_path, check="unbilled")
    assert len(lines) == 2
    assert f";{unbilled.pk};CP-0042;{unbilled.location};01/05/2026 10:30;01/05/2026 11:30;10,000;;EUR;1;" in lines[1]


def test_the_overview_names_what_is_at_risk(client: Client, olga: User, tom: User, station: ChargingStation) -> None:
    AssuranceDay.objects.create(
        operator=station.operator, day=datetime(2026, 6, 15, tzinfo=UTC).date(), cases=3, at_risk=Decimal("12.50")
    )
    assert PAGE in page(client, olga, "/ops/")
    AssuranceDay.objects.update(cases=0, at_risk=0)
    assert f'href="{PAGE}"' not in page(client, olga, "/ops/")
