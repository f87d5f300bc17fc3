"""An ended session becomes one charge detail record, whatever happens twice."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Driver, Operator, User
from billing import pricing, signals
from billing.models import CDR, BillingPolicy, TariffVersion
from billing.services.charges import rating, rerating, standing
from billing.services.invoicing import invoices
from billing.tariffs import trace
from billing.tariffs.periods import Period, State
from cms.core.errors import Conflict
from sessions_app.models import ChargingSession
from stations.models import ChargingStation, Location
from tests.billing.conftest import Told, charge_then_park
from tests.billing.test_issue_invoices import BELLINI
from tests.factories.billing import element

Price = Callable[..., TariffVersion]
Ended = Callable[..., ChargingSession]


def rated(session: ChargingSession) -> CDR:
    cdr = rating.rate(session_id=session.pk)
    assert cdr is not None
    return cdr


def test_a_charge_costs_what_its_price_promised(price: Price, ended: Ended, dario: Driver) -> None:
    version = price()
    cdr = rated(ended(energy=Decimal(18_640)))
    assert (cdr.total_incl_vat, cdr.total_excl_vat, cdr.total_vat) == (
        Decimal("10.25"),
        Decimal("8.40"),
        Decimal("1.85"),
    )
    assert (cdr.exact_incl_vat, cdr.exact_excl_vat) == ("10.252", "2563/305")
    assert (cdr.energy, cdr.charging_seconds, cdr.parking_seconds) == (18_640, 3600, 0)
    assert (cdr.tariff_version, cdr.driver, cdr.currency, cdr.revision) == (version, dario, "EUR", 1)
    assert not cdr.held
    assert cdr.flags == ""


def test_q48_a_charge_that_a_station_cut_in_two_pays_its_start_and_its_grace_once(
    price: Price, ended: Ended, told: Told, station: ChargingStation
) -> None:
    price(
        elements=[
            element("FLAT", "1.00"),
            element("ENERGY", "0.50"),
            element("PARKING_TIME", "6", step=60, min_parking_duration=900),
        ]
    )
    at = datetime(2026, 5, 4, 8, tzinfo=UTC)
    cut, until = at + timedelta(minutes=70), at + timedelta(minutes=100)
    one = ended(energy=Decimal(10_000), started_at=at, stopped_at=cut, evse_id=1, id_tag="04A1B2C3")
    two = ended(energy=Decimal(0), started_at=cut, stopped_at=until, evse_id=1, id_tag="04A1B2C3")
    told[one.pk] = charge_then_park(at, 10_000, 60, 10)
    told[two.pk] = [Period(cut, until, State.PARKING)]

    assert pricing.running_costs([two])[two.pk].incl_vat == Decimal("2.5")
    assert rated(one).total_incl_vat == Decimal("6.00")  # 1 to start, 5 for the energy; 10 of 15 free minutes
    assert (rated(two).total_incl_vat, rated(two).flags) == (
        Decimal("2.50"),
        "zero_energy,continues",
    )  # 5 free, 25 paid
    assert list(rerating.verify(CDR.objects.all())) == []


def test_charging_and_staying_are_two_lines(price: Price, ended: Ended, told: Told) -> None:
    price(elements=[element("ENERGY", "0.59"), element("PARKING_TIME", "6", step=60, min_parking_duration=900)])
    session = ended(energy=Decimal(18_640))
    told[session.pk] = charge_then_park(session.started_at, 18_640, 105, 27)
    cdr = rated(session)
    lines = trace.loads(cdr.trace).lines
    assert [(line.dimension, str(line.amount)) for line in lines] == [("ENERGY", "11.00"), ("PARKING_TIME", "1.20")]
    assert cdr.total_incl_vat == Decimal("12.20")
    assert [stretch["state"] for stretch in json.loads(cdr.periods)] == ["CHARGING", "PARKING", "PARKING"]
    assert cdr.parking_seconds == 27 * 60


def test_rating_twice_is_boring(price: Price, ended: Ended) -> None:
    price()
    session = ended()
    first = rated(session)
    assert rated(session) == first
    assert CDR.objects.count() == 1


def test_a_running_session_is_not_rated(price: Price, ended: Ended) -> None:
    price()
    session = ended(status="active", stopped_at=None)
    assert rating.rate(session_id=session.pk) is None
    assert not CDR.objects.exists()


def test_an_unknown_session_is_nobodys_cdr(db: None) -> None:
    assert rating.rate(session_id=999) is None


def test_without_a_price_it_is_free_and_flagged(ended: Ended) -> None:
    cdr = rated(ended())
    assert (cdr.total_incl_vat, cdr.tariff_version, cdr.flags) == (0, None, "no_tariff")


def test_no_energy_costs_the_fees_of_the_tariff(price: Price, ended: Ended) -> None:
    price(elements=[element("ENERGY", "0.55"), element("FLAT", "0.50")])
    cdr = rated(ended(energy=Decimal(0)))
    assert (cdr.total_incl_vat, cdr.flags) == (Decimal("0.50"), "zero_energy")


def test_an_operator_may_waive_charges_without_energy(price: Price, ended: Ended, operator: Operator) -> None:
    BillingPolicy.objects.create(operator=operator, waive_empty=True)
    price(elements=[element("ENERGY", "0.55"), element("FLAT", "0.50")], min_price=Decimal(1))
    cdr = rated(ended(energy=Decimal(0)))
    assert (cdr.total_incl_vat, cdr.flags) == (0, "zero_energy,waived")


def test_a_refused_start_costs_no_fee(price: Price, ended: Ended) -> None:
    price(elements=[element("ENERGY", "0.55"), element("FLAT", "0.50")])
    cdr = rated(ended(energy=Decimal(40), authorization="Blocked"))
    assert (cdr.total_incl_vat, cdr.flags, cdr.held) == (0, "refused,waived", False)


def test_energy_that_nobody_agreed_to_waits_for_a_person(price: Price, ended: Ended) -> None:
    price()
    cdr = rated(ended(authorization="Invalid", review="unauthorised"))
    assert (cdr.total_incl_vat, cdr.flags, cdr.held) == (Decimal("11.00"), "refused,review", True)


@pytest.mark.parametrize(
    ("facts", "held", "flags"),
    [
        ({"estimated": True, "review": "missing_stop"}, True, "estimated,review"),
        ({"review": "register_mismatch"}, True, "review"),
        ({"review": "clock"}, False, ""),
    ],
)
def test_what_a_person_must_look_at_is_held(
    price: Price, ended: Ended, facts: dict[str, Any], held: bool, flags: str
) -> None:
    price()
    cdr = rated(ended(**facts))
    assert (cdr.held, cdr.flags) == (held, flags)
    assert CDR.objects.billable().exists() is not held


def test_the_operator_may_let_small_estimates_pass(price: Price, ended: Ended, operator: Operator) -> None:
    BillingPolicy.objects.create(operator=operator, estimated_limit=Decimal(5_000))
    price()
    assert not rated(ended(estimated=True, review="estimated", energy=Decimal(5_000))).held
    assert rated(ended(estimated=True, review="estimated", energy=Decimal("5000.001"))).held


def test_a_charge_is_billable_once_its_session_is_in_order(price: Price, ended: Ended) -> None:
    price()
    session = ended(estimated=True, review="missing_stop")
    cdr = rated(session)
    assert not CDR.objects.billable().exists()
    ChargingSession.objects.update(review="")
    assert list(CDR.objects.billable()) == [cdr]


def test_a_discarded_charge_is_taken_back_and_costs_nothing(price: Price, ended: Ended) -> None:
    price()
    session = ended()
    first = rated(session)
    before = timezone.now() - timedelta(minutes=1)
    ChargingSession.objects.update(discarded=True, updated_at=timezone.now())
    assert rating.changed(since=before) == [session.pk]
    rating.rate_many(rating.changed(since=before))

    credit, last = CDR.objects.order_by("revision")[1:]
    assert (credit.credits, credit.total_incl_vat) == (first, -first.total_incl_vat)
    assert (last.total_incl_vat, last.flags, last.held) == (0, "waived,discarded", False)
    assert rating.changed(since=before) == []


def test_evidence_that_does_not_add_up_is_held(price: Price, ended: Ended, told: Told) -> None:
    price()
    session = ended(energy=Decimal(20_000))
    told[session.pk] = charge_then_park(session.started_at, 19_000, 60, 0)
    cdr = rated(session)
    assert (cdr.held, cdr.flags) == (True, "periods_mismatch")
    assert not CDR.objects.billable().exists()


def test_the_world_is_frozen(price: Price, ended: Ended) -> None:
    price()
    session = ended()
    cdr = rated(session)
    session.location.name = "Elsewhere"
    session.location.save()
    snapshot = json.loads(CDR.objects.get(pk=cdr.pk).snapshot)
    assert snapshot["location"]["city"] == "Bologna"
    assert snapshot["location"]["name"] != "Elsewhere"
    assert snapshot["evse"]["uid"] == "IT*ADR*E0042*1"
    assert snapshot["meter"] == {"start_wh": "1000000", "stop_wh": "1020000"}
    assert snapshot["token"]["uid"] == "04A1B2C3"


def test_a_cdr_cannot_be_changed(price: Price, ended: Ended) -> None:
    price()
    cdr = rated(ended())
    cdr.total_incl_vat = Decimal(0)
    with pytest.raises(TypeError):
        cdr.save()
    assert CDR.objects.get().total_incl_vat == Decimal("11.00")


def test_a_late_reading_is_a_credit_and_a_new_cdr(price: Price, ended: Ended) -> None:
    price()
    session = ended(energy=Decimal(20_000))
    first = rated(session)
    ChargingSession.objects.filter(pk=session.pk).update(energy=Decimal(22_000))
    second = rated(session)
    credit = CDR.objects.get(credits=first)
    assert [(c.revision, c.total_incl_vat) for c in (first, credit, second)] == [
        (1, 11),
        (2, -11),
        (3, Decimal("12.10")),
    ]
    assert credit.energy == -20_000
    assert list(CDR.objects.standing()) == [second]
    assert rated(session) == second
    assert CDR.objects.count() == 3


def test_a_charge_that_is_invoiced_meanwhile_is_not_replaced(
    price: Price, ended: Ended, dario: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    price()
    Driver.objects.filter(pk=dario.pk).update(**BELLINI)
    session = ended()
    cdr = rated(session)
    look = standing.latest

    def invoiced_meanwhile(sessions: list[ChargingSession]) -> dict[int, Any]:
        seen = look(sessions)
        invoices.issue(cdrs=[cdr], by=None)
        return seen

    monkeypatch.setattr(standing, "latest", invoiced_meanwhile)
    ChargingSession.objects.filter(pk=session.pk).update(energy=Decimal(22_000))

    assert rating.rate_many([session.pk]) == 0
    assert list(CDR.objects.all()) == [cdr]


def test_what_was_credited_on_purpose_stays_credited(price: Price, ended: Ended, anna: User) -> None:
    price()
    session = ended()
    rating.credit(cdr=rated(session), by=anna)
    assert rating.rate(session_id=session.pk) is None
    assert sum(cdr.total_incl_vat for cdr in CDR.objects.all()) == 0


def test_a_cdr_is_credited_once(price: Price, ended: Ended, anna: User) -> None:
    price()
    cdr = rated(ended())
    back = rating.credit(cdr=cdr, by=anna)
    with pytest.raises(Conflict) as refused:
        rating.credit(cdr=cdr, by=anna)
    assert refused.value.code == "cdr_credited"
    with pytest.raises(Conflict):
        rating.credit(cdr=back, by=anna)
    assert CDR.objects.count() == 2


def test_an_invoiced_charge_is_credited_by_a_credit_note_only(
    price: Price, ended: Ended, dario: Driver, anna: User
) -> None:
    price()
    Driver.objects.filter(pk=dario.pk).update(**BELLINI)
    cdr = rated(ended())
    invoice = invoices.issue(cdrs=[cdr], by=None)
    with pytest.raises(Conflict) as refused:
        rating.credit(cdr=cdr, by=anna)
    assert refused.value.code == "cdr_invoiced"
    assert list(CDR.objects.all()) == [cdr]
    invoices.credit_note(invoice=invoice, by=anna)
    assert rating.credit(cdr=cdr, by=anna).total_incl_vat == -cdr.total_incl_vat


def test_new_cdrs_are_announced_once(price: Price, ended: Ended, django_capture_on_commit_callbacks: Any) -> None:
    price()
    heard: list[list[int]] = []

    def hear(ids: list[int], **_: Any) -> None:
        heard.append(ids)

    signals.cdr_created.connect(hear)
    session = ended()
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            rating.rate(session_id=session.pk)
    assert heard == [[CDR.objects.get().pk]]


def test_many_are_rated_in_a_fixed_number_of_statements(price: Price, ended: Ended) -> None:
    price()
    few, many = [ended().pk for _ in range(2)], [ended().pk for _ in range(12)]
    with CaptureQueriesContext(
        connection,
    ) as for_few:
        assert rating.rate_many(few) == 2
    with CaptureQueriesContext(connection) as for_many:
        assert rating.rate_many(many) == 12
    assert len(for_many) == len(for_few)
    assert CDR.objects.count() == 14


def test_a_session_keeps_the_price_it_started_with(price: Price, ended: Ended, operator: Operator) -> None:
    old = price()
    session = ended()
    TariffVersion.objects.create(
        tariff=old.tariff, number=2, elements='[{"price_components":[{"type":"ENERGY","price":0.99,"vat":22}]}]', valid_from=session.started_at + timedelta(minutes=1)
    )  # fmt: skip
    later = ended(started_at=datetime(2026, 6, 16, tzinfo=UTC))
    running = pricing.running_costs([session, later])
    assert [cost.total_incl_vat for cost in running.values()] == [Decimal("11.00"), Decimal("19.80")]
    assert pricing.running_cost(session) == running[session.pk]
    assert rated(session).total_incl_vat == Decimal("11.00")
    assert rated(later).total_incl_vat == Decimal("19.80")


def test_wall_clocks_are_those_of_the_site(price: Price, ended: Ended) -> None:
    price(elements=[element("ENERGY", "0.30", start_time="20:00", end_time="06:00"), element("ENERGY", "0.55")])
    session = ended(energy=Decimal(10_000), started_at=datetime(2026, 6, 15, 4, 30, tzinfo=UTC))
    Location.objects.filter(pk=session.location_id).update(time_zone="America/New_York")

    assert rated(session).total_incl_vat == Decimal("3.00")  # half past midnight there, half past six at home
