"""The last 30 days at another price: the real charges, priced again from their own readings."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from accounts.models import Driver, DriverGroup, Operator, User
from billing import pricing
from billing.exports import kinds
from billing.exports import replays as files
from billing.models import CDR, Export, TariffVersion
from billing.selectors import replay
from billing.selectors.assignments import Scope
from billing.selectors.replay import Question
from billing.services.charges import rating
from billing.services.month_end import exports, writing
from billing.services.prices import assigning, tariffs
from billing.tariffs import terms
from billing.tariffs.terms import Terms
from cms.core.errors import Invalid
from sessions_app.models import ChargingSession
from tests.billing.conftest import Told, charge_then_park
from tests.factories import LocationFactory
from tests.factories.billing import TariffFactory, TariffVersionFactory, element

pytestmark = pytest.mark.any_database

START = datetime(2026, 6, 15, 15, 30, tzinfo=UTC)  # 17:30 in Italy
NOW = START + timedelta(days=5)
Price = Callable[..., TariffVersion]
Ended = Callable[..., ChargingSession]


@pytest.fixture(autouse=True)
def forgetful() -> None:
    cache.clear()


def draft(*elements: dict[str, Any], **facts: Any) -> TariffVersion:
    return TariffVersion(elements=tariffs.dumps(list(elements)), **facts)


def asked(version: TariffVersion, *, most: int | None = None, **facts: Any) -> replay.Replay:
    question = Question(version, until=NOW, **facts)
    return replay.of(question, replay.charges(question), most=most)


def rated(session: ChargingSession) -> CDR:
    cdr = rating.rate(session_id=session.pk)
    assert cdr is not None
    return cdr


def test_the_same_price_changes_no_cent(price: Price, ended: Ended, operator: Operator, told: Told) -> None:
    version = price(elements=[element("ENERGY", "0.55"), element("PARKING_TIME", "6", min_parking_duration=900)])
    for minutes in (20, 47, 61):
        session = ended(started_at=START, energy=Decimal(12_345), minutes=minutes + 40)
        told[session.pk] = charge_then_park(START, 12_345, minutes, 40)
        rated(session)
    found = asked(version, operator=operator, tariff=version.tariff)
    assert (found.found, found.looked, found.difference, found.counts[3]) == (3, 3, 0, 3)
    assert found.old == sum(CDR.objects.values_list("total_incl_vat", flat=True))


def test_an_evening_price_is_asked_of_the_evening_alone(
    price: Price, ended: Ended, operator: Operator, told: Told
) -> None:
    """20 kWh in an hour from 17:30, of which 10 kWh before 18:00."""
    version = price(elements=[element("ENERGY", "0.50")])
    rated(ended(started_at=START, energy=Decimal(20_000), minutes=60))
    dearer = draft(element("ENERGY", "0.70", start_time="18:00"), element("ENERGY", "0.50"))
    found = asked(dearer, operator=operator, tariff=version.tariff)
    assert (found.old, found.new, found.difference) == (Decimal("10.00"), Decimal("12.00"), Decimal("2.00"))
    assert found.counts == [0, 0, 0, 0, 0, 1, 0]  # 20 % is not more than 20 %
    assert [(c.old, c.new, c.share) for c in found.dearest] == [(Decimal("10.00"), Decimal("12.00"), Decimal("0.2"))]


def test_the_farthest_changes_stand_first(price: Price, ended: Ended, operator: Operator) -> None:
    version = price(elements=[element("ENERGY", "0.50")])
    for kwh in (10, 30, 20):
        rated(ended(started_at=START, energy=Decimal(kwh * 1000)))
    cheaper = asked(draft(element("ENERGY", "0.30")), operator=operator, tariff=version.tariff)
    assert [change.difference for change in cheaper.cheapest] == [Decimal("-6.00"), Decimal("-4.00"), Decimal("-2.00")]
    assert (cheaper.dearest, cheaper.cheaper, cheaper.counts[0]) == ([], 3, 3)


def test_what_was_free_and_would_cost_something_is_much_dearer(price: Price, ended: Ended, operator: Operator) -> None:
    version = price(elements=[element("ENERGY", "0")])
    rated(ended(started_at=START, energy=Decimal(10_000)))
    found = asked(draft(element("ENERGY", "0.10")), operator=operator, tariff=version.tariff)
    assert (found.much_dearer, found.share, found.dearest[0].share) == (1, None, None)


def test_a_plan_goes_on_including_what_it_included(price: Price, ended: Ended, operator: Operator) -> None:
    version = price(elements=[element("ENERGY", "0.50")])
    session = ended(started_at=START, energy=Decimal(20_000))
    cdr = rated(session)
    kept = [Terms(allowance_wh=Fraction(15_000), label="Plan", source="period:1")]
    granted = terms.apply(*_priced(version, session), kept)
    CDR.objects.filter(pk=cdr.pk).update(terms=terms.dumps(kept, granted), total_incl_vat=Decimal("2.50"))
    found = asked(draft(element("ENERGY", "0.60")), operator=operator, tariff=version.tariff)
    assert (found.old, found.new) == (Decimal("2.50"), Decimal("3.00"))  # the 5 kWh that were paid for


def test_above_the_limit_an_even_sample_stands_for_all(price: Price, ended: Ended, operator: Operator) -> None:
    version = price(elements=[element("ENERGY", "0.50")])
    for _n in range(6):
        rated(ended(started_at=START, energy=Decimal(10_000)))
    found = asked(draft(element("ENERGY", "0.60")), operator=operator, tariff=version.tariff, most=3)
    assert (found.found, found.looked, found.sample, found.difference) == (6, 3, True, Decimal("6.00"))


def test_only_charges_that_somebody_would_pay_count(price: Price, ended: Ended, operator: Operator) -> None:
    version = price(elements=[element("ENERGY", "0.50")])
    long_ago = rated(ended(started_at=START - timedelta(days=40)))
    credited = rated(ended(started_at=START))
    rating.credit(cdr=credited, by=None)
    waived = rated(ended(started_at=START))
    CDR.objects.filter(pk=waived.pk).update(flags="waived")
    francs = rated(ended(started_at=START))
    CDR.objects.filter(pk=francs.pk).update(currency="CHF")
    counted = rated(ended(started_at=START))
    found = asked(draft(element("ENERGY", "0.60")), operator=operator, tariff=version.tariff)
    assert long_ago.pk < counted.pk
    assert (found.found, [change.session_id for change in found.dearest]) == (1, [counted.session_id])


def test_a_new_tariff_is_tried_on_a_place(price: Price, ended: Ended, operator: Operator) -> None:
    price(elements=[element("ENERGY", "0.50")])
    here = LocationFactory(operator=operator)
    mine, _elsewhere = ended(started_at=START, energy=Decimal(10_000), location=here), rated(ended(started_at=START))
    rated(mine)
    found = asked(draft(element("ENERGY", "0.60")), operator=operator, scope=Scope(operator.pk, location_id=here.pk))
    assert (found.found, found.difference) == (1, Decimal("1.00"))


def test_a_price_for_everybody_would_not_have_reached_whom_a_better_one_was_promised(
    price: Price, ended: Ended, operator: Operator, dario: Driver
) -> None:
    """The default reaches what the default priced, a group's price whoever is in it, a price of the place neither."""
    everywhere = Scope(operator.pk)
    version = price(elements=[element("ENERGY", "0.50")])
    here = LocationFactory(operator=operator)
    promised = ended(started_at=START, location=here)
    assigning.assign(tariff=version.tariff, operator=operator, location=here, valid_from=START, by=None)
    rated(promised)
    rated(ended(started_at=START))
    group = DriverGroup.objects.create(operator=operator, name="Friends")
    group.drivers.add(dario)
    rated(ended(started_at=START + timedelta(hours=1)))
    new = draft(element("ENERGY", "0.60"))
    assert asked(new, operator=operator, scope=everywhere).found == 2
    assert asked(new, operator=operator, scope=everywhere, wherever=True).found == 3
    taxi = TariffVersionFactory(tariff=TariffFactory(operator=operator)).tariff
    assigning.assign(tariff=taxi, operator=operator, driver_group=group, valid_from=START + timedelta(hours=1), by=None)
    rated(ended(started_at=START + timedelta(hours=2)))
    assert asked(new, operator=operator, scope=everywhere, wherever=True).found == 3  # not who has a price of his own
    assert asked(new, operator=operator, scope=everywhere._replace(group_id=group.pk)).found == 2
    assert asked(new, operator=operator, scope=everywhere._replace(location_id=here.pk)).found == 1
    assert asked(new, operator=operator, scope=everywhere._replace(partner="IT*ABC")).found == 0


def test_a_charge_that_nobody_had_priced_counts_as_free(ended: Ended, operator: Operator) -> None:
    rated(ended(started_at=START, energy=Decimal(10_000)))
    found = asked(draft(element("ENERGY", "0.60")), operator=operator, scope=Scope(operator.pk))
    assert (found.old, found.new, found.much_dearer) == (0, Decimal("6.00"), 1)


def test_what_was_summed_up_is_read_as_it_was(price: Price, ended: Ended, operator: Operator) -> None:
    version = price(elements=[element("ENERGY", "0.50")])
    rated(ended(started_at=START, energy=Decimal(10_500)))
    found = asked(draft(element("ENERGY", "0.60")), operator=operator, tariff=version.tariff)
    assert replay.read(found.text()) == found


def test_a_sample_speaks_of_all(price: Price, ended: Ended, operator: Operator) -> None:
    version = price(elements=[element("ENERGY", "0.50")])
    for _n in range(4):
        rated(ended(started_at=START, energy=Decimal(10_000)))
    found = asked(draft(element("ENERGY", "0.70")), operator=operator, tariff=version.tariff, most=2)
    assert (found.looked, found.much_dearer, found.dearer, found.cheaper) == (2, 4, 4, 0)


def test_a_file_has_every_charge_and_its_job_the_sum(
    price: Price, ended: Ended, operator: Operator, anna: User, settings: Any, tmp_path: Path
) -> None:
    """The draft is frozen in the job: what is typed on meanwhile changes no file."""
    settings.MEDIA_ROOT = tmp_path
    version = price(elements=[element("ENERGY", "0.50")])
    for kwh in (10, 20):
        rated(ended(started_at=START, energy=Decimal(kwh * 1000)))
    question = Question(draft(element("ENERGY", "0.7123456789")), operator, NOW, version.tariff)
    job = exports.start(
        operator=operator, kind="replay", params={**files.params(question, ""), "until": NOW.isoformat()},
        preset="machine", by=anna, small_at_once=True,
    )  # fmt: skip
    assert (job.state, job.rows, job.name) == ("done", 2, "replay-2026-06-20.csv")
    head, first, second = job.file.open().read().decode().splitlines()
    assert head == "charge,started_at,location,energy_kwh,currency,was,would_be,change,change_percent"
    assert first.endswith(",10.000,EUR,5.00,7.12,2.12,42.4")
    assert second.endswith(",20.000,EUR,10.00,14.25,4.25,42.5")
    summary = replay.read(job.summary)
    assert (summary.found, summary.difference, summary.much_dearer) == (2, Decimal("6.37"), 2)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"tariff": "999999"},
        {"tariff": "\u00b2"},
        {"price": "[]", "scope": "[]"},
        {"price": "{", "scope": '[null,null,"",false,null,null,null,""]'},
        {"price": "[" * 9999},
        {"version": "1", "scope": "[1,2,3]"},
        {"price": '{"elements": "[{}]", "currency": "EUR"}'},
        {"price": '{"elements": "[]", "currency": "EUR", "min_price": "NaN"}'},
    ],
)
def test_what_is_no_question_is_refused(operator: Operator, params: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        files.clean(operator, params)


@pytest.fixture
def page(client: Client, anna: User, settings: Any, tmp_path: Path) -> Iterator[Client]:
    settings.MEDIA_ROOT = tmp_path
    client.force_login(anna)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    with time_machine.travel(NOW, tick=False):
        yield client


def test_many_charges_are_a_job_and_the_page_shows_its_sum(
    page: Client, price: Price, ended: Ended, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(files, "AT_ONCE", 1)
    monkeypatch.setitem(kinds.KINDS, "replay", replace(files.KIND, small=1))
    version = price(elements=[element("ENERGY", "0.50")])
    sessions = [ended(started_at=START, energy=Decimal(kwh * 1000)) for kwh in (10, 20)]
    for session in sessions:
        rated(session)
    change = tariffs.change(tariff=version.tariff, elements=[element("ENERGY", "0.70")], by=None)
    where = f"/ops/tariffs/{version.tariff_id}/replay/?of={change.number}"
    assert "Pricing 2 charges again" in page.get(where).content.decode()
    assert not Export.objects.exists()  # looking starts nothing
    with django_capture_on_commit_callbacks(execute=False):
        started = page.post(where, headers={"HX-Request": "true"})
        again = page.post(where, headers={"HX-Request": "true"})
    job = Export.objects.get()
    assert started["HX-Replace-Url"] == again["HX-Replace-Url"] == f"{where}&job={job.pk}"
    assert "every 1s" in started.content.decode()
    writing.run(job.pk)
    said = page.get(f"{where}&job={job.pk}", headers={"HX-Request": "true"}).content.decode()
    assert "every 1s" not in said
    assert "in 30 days; 2 charges dearer by more than 20 %." in said
    assert f"/ops/sessions/{sessions[1].pk}/" in said
    assert f"/ops/billing/exports/{job.pk}/file/" in page.get(where).content.decode()  # fresh: nothing to wait for


def test_a_job_of_another_question_is_no_answer(page: Client, price: Price, ended: Ended, anna: User) -> None:
    version = price(elements=[element("ENERGY", "0.50")])
    rated(ended(started_at=START))
    other = Question(draft(element("ENERGY", "9")), version.tariff.operator, NOW, version.tariff)
    job = exports.start(
        operator=version.tariff.operator, kind="replay", params=files.params(other, ""), by=anna, small_at_once=True
    )
    assert job.state == "done"
    assert page.get(f"/ops/tariffs/{version.tariff_id}/replay/?of=1&job={job.pk}").context["job"] is None


def test_a_new_draft_reaches_whoever_it_would_be_the_price_of(page: Client, price: Price, ended: Ended) -> None:
    price(elements=[element("ENERGY", "0.50")])
    rated(ended(started_at=START, energy=Decimal(10_000)))
    typed = {"mode": "simple", "name": "New", "currency": "EUR", "tax_included": "on", "energy": "0,70", "vat": "22"}
    page.post("/ops/tariffs/new/try/", typed, headers={"HX-Request": "true"})
    card = page.get("/ops/tariffs/new/replay/?of=draft", headers={"HX-Request": "true", "HX-Target": "replay-card"})
    assert card.context["replay"].difference == Decimal("2.00")
    assert "Had it held: at every place, for everybody" in card.content.decode()
    assert "that this tariff priced" not in page.get("/ops/tariffs/new/replay/?of=draft").content.decode()
    narrower = page.get("/ops/tariffs/new/replay/?of=draft&charges=where&who=ad_hoc").context["replay"]
    assert narrower.found == 0


def _priced(version: TariffVersion, session: ChargingSession) -> Any:
    parsed = pricing.parsed(version)
    return parsed, pricing.priced_by(parsed, pricing.periods_of(session), pricing.zone_of(session))
