"""Every charge that may never become money is found, counted once, and worth what it is worth; nothing else is."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Operator
from billing import tasks
from billing.models import CDR, AssuranceDay, Payment, PaymentMethod, TariffVersion
from billing.selectors import assurance, assurance_checks
from billing.selectors.assurance import Picture
from billing.selectors.assurance_checks import Asked
from billing.services.cards import holds
from billing.services.charges import assurance as keeping
from billing.services.charges import rating
from billing.services.debts import settling
from cms.wiring import csms
from sessions_app.models import ChargingSession, Evidence
from sessions_app.selectors import doubts
from stations.models import ChargingStation
from tests.factories.billing import EndedSessionFactory
from tests.sessions_app.telling import Teller

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
Ended = Callable[..., ChargingSession]
Price = Callable[..., TariffVersion]


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOON, tick=False):
        yield


def seen(operator: Operator) -> Picture:
    return assurance.picture(Asked(operator, timezone.now()))


def cases(operator: Operator) -> dict[str, int]:
    return {name: found.cases for name, found in seen(operator).findings.items() if found.cases}


def sold(session: ChargingSession) -> ChargingSession:
    """Priced and paid: 0.55 € for each kWh."""
    cdr = rating.rate(session_id=session.pk)
    assert cdr
    settling.settle(cdr_id=cdr.pk)
    return session


def test_where_everything_is_paid_nothing_is_at_risk(operator: Operator, price: Price, ended: Ended) -> None:
    price()
    sold(ended())
    ended(status="active", stopped_at=None)
    found = seen(operator)
    assert (found.whole.cases, found.whole.at_risk, found.price) == (0, 0, Decimal("0.5500"))
    assert found.worst_first() == []
    assert found.clean() == list(assurance_checks.CHECKS)


def test_what_nobody_priced_for_an_hour_is_worth_its_energy_at_the_usual_price(
    operator: Operator, price: Price, ended: Ended
) -> None:
    price()
    sold(ended())
    ended(energy=Decimal(10_000))
    ended(energy=Decimal(99_000), started_at=NOON - timedelta(minutes=90))  # ended half an hour ago
    found = seen(operator).findings["unbilled"]
    assert (found.cases, found.exact, found.energy, found.at_risk) == (1, 0, 10_000, Decimal("5.50"))
    assert found.oldest == datetime(2026, 6, 15, 9, tzinfo=UTC)


def test_without_any_sale_energy_has_no_value_yet(operator: Operator, ended: Ended) -> None:
    ended()
    found = seen(operator)
    assert (found.price, found.findings["unbilled"].guessed, found.whole.at_risk) == (None, None, 0)


def test_what_is_imported_discarded_or_credited_on_purpose_is_no_loss(
    operator: Operator, price: Price, ended: Ended
) -> None:
    price()
    ended(ocpp_version=ChargingSession.IMPORTED)
    ended(discarded=True)
    cdr = rating.rate(session_id=ended(review="negative").pk)
    assert cdr
    rating.credit(cdr=cdr, by=None)
    found = seen(operator)
    assert found.findings["unbilled"].cases == 0
    assert (found.findings["negative"].cases, found.whole.at_risk) == (1, 0)  # still to decide, but nothing to lose


def test_energy_without_a_tariff_is_given_away(operator: Operator, price: Price, ended: Ended) -> None:
    rating.rate(session_id=ended(energy=Decimal(8_000)).pk)
    rating.rate(session_id=ended(energy=Decimal(0)).pk)
    price()
    sold(ended())
    found = seen(operator).findings["free"]
    assert (found.cases, found.exact, found.at_risk) == (1, 0, Decimal("4.40"))


def test_a_debt_of_more_than_a_day_is_not_collected(operator: Operator, price: Price, ended: Ended) -> None:
    price()
    for _ in range(2):
        rating.rate(session_id=ended().pk)
    failed, _open = CDR.objects.order_by("pk")
    settling.settle(cdr_id=failed.pk)
    Payment.objects.update(status=Payment.Status.FAILED, captured=0)
    assert "uncollected" not in cases(operator)
    with time_machine.travel(NOON + timedelta(hours=25), tick=False):
        found = seen(operator).findings["uncollected"]
        assert (found.cases, found.exact, found.guessed) == (2, Decimal("22.00"), 0)
        Payment.objects.update(status=Payment.Status.CAPTURED, captured=Decimal(4))
        assert seen(operator).findings["uncollected"].at_risk == Decimal("18.00")
        Payment.objects.update(captured=Decimal(11))
        assert seen(operator).findings["uncollected"].at_risk == Decimal("11.00")


def test_a_hold_that_nobody_captured_is_found(
    operator: Operator, price: Price, ended: Ended, card: PaymentMethod
) -> None:
    price()
    cdr = rating.rate(session_id=ended().pk)
    assert cdr is not None
    facts = {"operator": operator, "driver": cdr.driver, "method": card, "session": cdr.session}
    holds.place(amount=Decimal(40), currency="EUR", key="a", purpose="charge", **facts)
    found = seen(operator).findings["uncaptured"]
    assert (found.cases, found.exact) == (1, Decimal("11.00"))
    settling.settle(cdr_id=cdr.pk)
    assert "uncaptured" not in cases(operator)


@pytest.mark.parametrize(
    ("reason", "check"),
    [
        ("signed_mismatch", "signed"),
        ("signed_invalid", "signed"),
        ("over_power", "over_power"),
        ("implausible", "over_power"),
        ("missing_stop", "incomplete"),
        ("estimated", "incomplete"),
        ("unauthorised", "unauthorised"),
        ("double_start", "double_start"),
        ("negative", "negative"),
        ("clock", "clock"),
        ("register_jump", "doubted"),
    ],
)
def test_each_doubt_has_its_place(operator: Operator, price: Price, ended: Ended, reason: str, check: str) -> None:
    price()
    rating.rate(session_id=ended(review=f"{reason}").pk)
    found = seen(operator)
    assert {name: one.cases for name, one in found.findings.items() if one.cases} == {check: 1}
    assert found.findings[check].at_risk == Decimal("11.00")


def test_no_reason_of_the_engine_stays_without_a_place(operator: Operator, ended: Ended) -> None:
    for reason in doubts.WORDS:
        ChargingSession.objects.all().delete()
        ended(review=reason, started_at=NOON - timedelta(minutes=70))
        assert len(cases(operator)) == 1, reason


def test_a_charge_with_two_doubts_counts_once_in_the_whole(operator: Operator, price: Price, ended: Ended) -> None:
    price()
    rating.rate(session_id=ended(review="clock,negative").pk)
    found = seen(operator)
    assert (found.findings["clock"].cases, found.findings["negative"].cases) == (1, 1)
    assert (found.whole.cases, found.whole.at_risk) == (1, Decimal("11.00"))


def test_who_stayed_and_got_nothing_is_found_who_left_at_once_is_not(
    operator: Operator, price: Price, ended: Ended
) -> None:
    price()
    for minutes, energy_wh in ((5, 0), (2, 0), (5, 100)):
        rating.rate(session_id=ended(authorization="Accepted", energy=Decimal(energy_wh), minutes=minutes).pk)
    assert cases(operator) == {"empty": 1}


def test_a_stop_that_fits_no_charge_waits_for_a_person(operator: Operator, station: ChargingStation) -> None:
    csms.handle([Teller(station).stop(0, "4711", 5_000)])
    found = seen(operator)
    assert Evidence.objects.get().session is None
    assert (found.findings["orphan"].cases, found.whole.cases, found.whole.at_risk) == (1, 1, 0)


def test_another_operators_losses_are_its_own(other_operator: Operator, price: Price, ended: Ended) -> None:
    price()
    rating.rate(session_id=ended(review="negative").pk)
    ended()
    found = seen(other_operator)
    assert (found.whole.cases, found.price) == (0, None)


def test_the_number_of_queries_does_not_grow_with_the_cases(
    operator: Operator, price: Price, station: ChargingStation, ended: Ended, django_assert_num_queries: Any
) -> None:
    price()
    most = len(assurance_checks.CHECKS) + 2  # the average price, and the whole
    for _ in range(2):
        EndedSessionFactory.create_batch(10, station=station, review="negative")
        with django_assert_num_queries(most):
            seen(operator)


def test_every_hour_replaces_the_day_and_the_days_make_the_trend(
    operator: Operator, other_operator: Operator, price: Price, ended: Ended
) -> None:
    price()
    sold(ended())
    tasks.keep_assurance()
    ended(energy=Decimal(10_000))
    tasks.keep_assurance()
    kept = AssuranceDay.objects.filter(operator=operator)
    assert kept.count() == len(assurance_checks.CHECKS) + 1
    whole = kept.get(subject="")
    assert (whole.day, whole.cases, whole.at_risk) == (date(2026, 6, 15), 1, Decimal("5.50"))
    assert AssuranceDay.objects.filter(operator=other_operator, cases=0).count() == len(assurance_checks.CHECKS) + 1
    with time_machine.travel(NOON + timedelta(days=1), tick=False):
        ended()
        asked = Asked(operator, timezone.now())
        trend = assurance.trend(asked, seen(operator))
        assert trend["unbilled"] == [
            (date(2026, 6, 15), 1, Decimal("5.50")),
            (date(2026, 6, 16), 2, Decimal("16.50")),
        ]
        assert assurance.latest(operator) == whole


def test_a_snapshot_of_one_operator_touches_no_other(operator: Operator, other_operator: Operator) -> None:
    keeping.snapshot(operator=operator)
    assert not AssuranceDay.objects.filter(operator=other_operator).exists()


def test_the_reasons_that_checks_name_are_the_engines() -> None:
    named = {reason for reasons in assurance_checks._NAMED.values() for reason in reasons}
    assert named <= set(doubts.WORDS)
