"""The end of a month: what is found, accepted, closed, and never written into again."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import Driver, Operator, User
from billing.models import CDR, DunningCase, MonthClose, MonthCloseEvent, NumberSequence, Payment, TariffVersion
from billing.selectors import ledger, months, worklist
from billing.selectors.months import Locks
from billing.services.charges import rating
from billing.services.invoicing import invoices
from billing.services.month_end import close
from cms.core.errors import Conflict, Forbidden, Invalid, NotFound
from sessions_app.models import ChargingSession
from tests.billing.test_issue_invoices import BELLINI

JUNE, JULY = date(2026, 6, 1), date(2026, 7, 1)


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(datetime(2026, 7, 3, 9, tzinfo=UTC), tick=False) as at:
        yield at


@pytest.fixture
def client() -> Client:
    return Client(headers={"accept-language": "en"})


Rated = Callable[..., CDR]


@pytest.fixture
def rated(price: Callable[..., TariffVersion], ended: Callable[..., ChargingSession]) -> Rated:
    """A charge of June, 18.64 kWh for 10.25 €, and its record."""
    price()

    def make(**facts: Any) -> CDR:
        cdr = rating.rate(session_id=ended(**{"energy": Decimal(18_640), **facts}).pk)
        assert cdr is not None
        return cdr

    return make


def accept_all(operator: Operator, month: date, by: User) -> None:
    for line in worklist.picture(close.look(operator=operator, month=month)).to_decide:
        close.accept(operator=operator, month=month, check=line.check.name, reason="agreed", by=by)


def closed(operator: Operator, month: date, by: User) -> MonthClose:
    accept_all(operator, month, by)
    return close.close(operator=operator, month=month, by=by)


def booked(operator: Operator, month: date) -> list[int]:
    found = ledger.charges(operator, month, months.after(month), Locks.of(operator))
    return sorted(found.values_list("pk", flat=True))


# ---- which month ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("2026-10", date(2026, 10, 1)),
        ("2026-12", date(2026, 12, 1)),
        ("9999-12", None),
        ("0000-01", None),
        ("2026-13", None),
        ("2026-1", None),
        ("2026-10-01", None),
        ("²026-10", None),
        ("", None),
        ("-", None),
    ],
)
def test_a_month_is_four_digits_and_two(text: str, month: date | None) -> None:
    assert months.parse(text) == month


def test_months_follow_each_other_over_new_year() -> None:
    assert (months.after(date(2026, 12, 1)), months.after(date(2026, 1, 1), -1)) == (
        date(2027, 1, 1),
        date(2025, 12, 1),
    )
    assert months.after(date(2026, 3, 1), -24) == date(2024, 3, 1)


@pytest.mark.parametrize(
    ("month", "hours"),
    [(date(2026, 3, 1), 31 * 24 - 1), (date(2026, 10, 1), 31 * 24 + 1), (date(2026, 12, 1), 31 * 24)],
)
def test_a_month_with_a_night_of_changed_clocks_has_an_hour_less_or_more(month: date, hours: int) -> None:
    start, end = months.bounds(Operator(time_zone="Europe/Rome"), month)
    assert end - start == timedelta(hours=hours)


def test_the_operators_midnight_divides_the_months(rated: Rated, operator: Operator) -> None:
    """31 December, 23:30 in Rome is 22:30 UTC."""
    before = rated(started_at=datetime(2025, 12, 31, 21, 30, tzinfo=UTC))
    after = rated(started_at=datetime(2025, 12, 31, 22, 0, tzinfo=UTC), minutes=60)
    assert booked(operator, date(2025, 12, 1)) == [before.pk]
    assert booked(operator, date(2026, 1, 1)) == [after.pk]


# ---- closing --------------------------------------------------------------------------------------------------------


def test_a_clean_month_is_closed_and_its_figures_stay(rated: Rated, operator: Operator, anna: User) -> None:
    rated()
    accept_all(operator, JUNE, anna)
    row = close.close(operator=operator, month=JUNE, by=anna)
    assert (row.closed_at, row.cutoff) == (datetime(2026, 7, 3, 9, tzinfo=UTC),) * 2
    assert json.loads(row.figures)["charges"] == {"n": 1, "net": "8.4"}
    event = row.events.get(kind="closed")
    assert (event.by, json.loads(event.facts)["figures"]) == (anna, json.loads(row.figures))


def test_what_is_to_be_decided_keeps_a_month_open(rated: Rated, operator: Operator, anna: User) -> None:
    rated()  # not paid, and in no document
    with pytest.raises(Conflict) as refused:
        close.close(operator=operator, month=JUNE, by=anna)
    assert refused.value.code == "checks_open"
    assert set(refused.value.facts["checks"]) == {"uncollected", "takings_gap"}
    assert not MonthClose.objects.get().is_closed
    assert not MonthCloseEvent.objects.exists()


def test_closing_twice_is_boring(rated: Rated, operator: Operator, anna: User) -> None:
    rated()
    first = closed(operator, JUNE, anna)
    assert close.close(operator=operator, month=JUNE, by=anna).closed_at == first.closed_at
    assert first.events.filter(kind="closed").count() == 1


@pytest.mark.parametrize("month", [JULY, date(2026, 8, 1)])
def test_a_month_that_is_not_over_is_not_closed(operator: Operator, anna: User, month: date) -> None:
    with pytest.raises(Conflict) as refused:
        close.close(operator=operator, month=month, by=anna)
    assert refused.value.code == "month_not_over"


def test_a_late_charge_counts_in_the_open_month(rated: Rated, operator: Operator, anna: User, clock: Any) -> None:
    in_time = rated()
    row = closed(operator, JUNE, anna)
    clock.shift(timedelta(days=1))
    late = rated(started_at=datetime(2026, 6, 30, 8, tzinfo=UTC))
    assert booked(operator, JUNE) == [in_time.pk]
    assert booked(operator, JULY) == [late.pk]
    assert json.loads(close.look(operator=operator, month=JULY).figures)["late"] == {"n": 1, "net": "8.4"}
    assert close.look(operator=operator, month=JUNE).figures == row.figures


def test_a_correction_after_the_close_counts_in_the_open_month(
    rated: Rated, operator: Operator, anna: User, clock: Any
) -> None:
    cdr = rated()
    closed(operator, JUNE, anna)
    clock.shift(timedelta(days=1))
    credit = rating.credit(cdr=cdr, by=anna)
    assert credit is not None
    assert (booked(operator, JUNE), booked(operator, JULY)) == ([cdr.pk], [credit.pk])


def test_months_before_a_closed_one_are_closed_with_it(
    rated: Rated, operator: Operator, anna: User, clock: Any
) -> None:
    closed(operator, JUNE, anna)
    clock.shift(timedelta(days=1))
    late = rated(started_at=datetime(2026, 4, 2, 8, tzinfo=UTC))
    assert Locks.of(operator).is_closed(date(2026, 4, 1))
    assert booked(operator, date(2026, 4, 1)) == booked(operator, date(2026, 5, 1)) == booked(operator, JUNE) == []
    assert booked(operator, JULY) == [late.pk]
    with pytest.raises(Conflict):
        close.accept(operator=operator, month=date(2026, 4, 1), check="free", reason="x", by=anna)


def test_every_record_counts_in_exactly_one_month(rated: Rated, operator: Operator, anna: User, clock: Any) -> None:
    every = [rated().pk, rated(started_at=datetime(2026, 5, 3, 8, tzinfo=UTC)).pk]
    closed(operator, JUNE, anna)
    clock.move_to(datetime(2026, 8, 5, 9, tzinfo=UTC))
    every += [rated().pk, rated(started_at=datetime(2026, 7, 9, 8, tzinfo=UTC)).pk]
    closed(operator, JULY, anna)
    clock.shift(timedelta(hours=1))
    every += [rated().pk, rated(started_at=datetime(2026, 7, 9, 8, tzinfo=UTC)).pk]
    spread = [booked(operator, date(2026, n, 1)) for n in range(1, 13)]
    assert sorted(pk for month in spread for pk in month) == sorted(every)
    assert [len(month) for month in spread[4:8]] == [1, 1, 2, 2]


def test_one_month_after_the_other(operator: Operator, anna: User, clock: Any) -> None:
    closed(operator, JUNE, anna)
    clock.move_to(datetime(2026, 9, 5, 9, tzinfo=UTC))
    with pytest.raises(Conflict) as refused:
        close.close(operator=operator, month=date(2026, 8, 1), by=anna)
    assert refused.value.code == "earlier_month_open"


def test_no_document_is_dated_in_a_closed_month(
    rated: Rated, operator: Operator, dario: Driver, anna: User, clock: Any
) -> None:
    """Not even by a server whose clock has gone back by weeks."""
    Driver.objects.filter(pk=dario.pk).update(**BELLINI)
    closed(operator, JUNE, anna)
    cdr = rated()
    clock.move_to(datetime(2026, 6, 20, 9, tzinfo=UTC))
    with pytest.raises(Conflict) as refused:
        invoices.issue(cdrs=[cdr], by=anna)
    assert refused.value.code == "month_closed"
    assert not NumberSequence.objects.exists()
    clock.move_to(datetime(2026, 7, 4, 9, tzinfo=UTC))
    assert invoices.issue(cdrs=[cdr], by=anna).number == "1/2026"


# ---- opening again --------------------------------------------------------------------------------------------------


def test_an_opened_month_takes_back_what_came_since(rated: Rated, operator: Operator, anna: User, clock: Any) -> None:
    closed(operator, JUNE, anna)
    clock.shift(timedelta(days=1))
    late = rated()
    row = close.reopen(operator=operator, month=JUNE, reason="a station was offline", by=anna)
    assert (row.closed_at, booked(operator, JUNE), booked(operator, JULY)) == (None, [late.pk], [])
    assert json.loads(row.figures)["charges"]["n"] == 1
    assert [(event.kind, event.reason) for event in row.events.all()] == [
        ("reopened", "a station was offline"),
        ("closed", ""),
    ]


def test_only_the_last_closed_month_is_opened_and_with_a_reason(operator: Operator, anna: User, clock: Any) -> None:
    closed(operator, JUNE, anna)
    clock.move_to(datetime(2026, 8, 5, 9, tzinfo=UTC))
    closed(operator, JULY, anna)
    for month, reason, code in ((JUNE, "why not", "later_month_closed"), (date(2026, 8, 1), "why not", "month_open")):
        with pytest.raises(Conflict) as refused:
            close.reopen(operator=operator, month=month, reason=reason, by=anna)
        assert refused.value.code == code
    with pytest.raises(Invalid):
        close.reopen(operator=operator, month=JULY, reason="  ", by=anna)
    assert MonthClose.objects.filter(closed_at=None).count() == 0


# ---- accepting ------------------------------------------------------------------------------------------------------


def states(operator: Operator) -> dict[str, str]:
    picture = worklist.picture(close.look(operator=operator, month=JUNE))
    return {line.check.name: line.state for line in picture.lines}


def test_what_is_accepted_holds_for_so_much_and_not_for_more(rated: Rated, operator: Operator, anna: User) -> None:
    rated()
    assert states(operator)["takings_gap"] == "bad"
    close.accept(operator=operator, month=JUNE, check="takings_gap", reason="by hand", by=anna)
    assert states(operator)["takings_gap"] == "accepted"
    rated()
    assert states(operator)["takings_gap"] == "bad"


def test_an_acceptance_is_taken_back(rated: Rated, operator: Operator, anna: User) -> None:
    rated()
    close.look(operator=operator, month=JUNE)
    close.accept(operator=operator, month=JUNE, check="takings_gap", reason="by hand", by=anna)
    for _twice in range(2):
        close.withdraw(operator=operator, month=JUNE, check="takings_gap", by=anna)
    assert states(operator)["takings_gap"] == "bad"
    assert [event.kind for event in MonthCloseEvent.objects.all()] == ["withdrawn", "accepted"]


def test_what_cannot_be_accepted(rated: Rated, operator: Operator, anna: User, tom: User) -> None:
    rated()
    close.look(operator=operator, month=JUNE)
    facts: dict[str, Any] = {"operator": operator, "month": JUNE, "check": "takings_gap", "reason": "x", "by": anna}
    for wrong, refusal in (
        ({"reason": " "}, Invalid),
        ({"check": "poem"}, NotFound),
        ({"check": "free"}, Conflict),
        ({"by": tom}, Forbidden),
    ):
        with pytest.raises(refusal):
            close.accept(**{**facts, **wrong})
    assert not MonthCloseEvent.objects.exists()


# ---- what is found --------------------------------------------------------------------------------------------------


def found(operator: Operator) -> dict[str, tuple[int, Decimal | None]]:
    lines = worklist.picture(close.look(operator=operator, month=JUNE)).lines
    return {line.check.name: (line.found.count, line.found.amount) for line in lines if line.found.count}


def test_business_customers_wait_for_invoices_and_for_their_data(
    rated: Rated, operator: Operator, dario: Driver, anna: User
) -> None:
    cdr = rated()
    Driver.objects.filter(pk=dario.pk).update(**{**BELLINI, "city": ""})
    assert found(operator) == {
        "uncollected": (1, Decimal("10.25")),
        "to_invoice": (1, Decimal("10.25")),
        "vat_data": (1, Decimal("10.25")),
    }
    Driver.objects.filter(pk=dario.pk).update(**BELLINI)
    invoices.issue(cdrs=[CDR.objects.get(pk=cdr.pk)], by=anna)
    assert set(found(operator)) <= {"uncollected", "unpaid_invoices", "sdi_waiting"}
    figures = json.loads(MonthClose.objects.get().figures)
    assert figures["invoices"] == {"n": 1, "net": "8.4"}  # of July, for a delivery of June


def test_energy_without_a_price_and_charges_without_a_record(
    ended: Callable[..., ChargingSession], operator: Operator
) -> None:
    rating.rate(session_id=ended().pk)  # no tariff anywhere
    ended()
    assert found(operator) == {"free": (1, None), "unbilled": (1, None)}


def test_what_is_paid_in_part_is_owed_for_the_rest(rated: Rated, operator: Operator) -> None:
    cdr = rated()
    facts: dict[str, Any] = {"operator": operator, "cdr": cdr, "amount": 5, "currency": "EUR", "gateway": "fake"}
    Payment.objects.create(
        **facts, captured=Decimal("5.00"), refunded=Decimal("1.00"), idempotency_key="a", status="captured"
    )
    Payment.objects.create(**facts, idempotency_key="b", status="failed")
    rated(started_at=datetime(2026, 6, 16, 8, tzinfo=UTC))
    assert found(operator)["uncollected"] == (2, Decimal("15.50"))  # what was given back on purpose is not owed
    line = next(one for one in worklist.picture(MonthClose.objects.get()).lines if one.check.name == "uncollected")
    assert line.said == "2 charges are not paid (1 refused by the bank)."
    given_up = {
        "amount": cdr.total_incl_vat,
        "currency": "EUR",
        "opened_at": timezone.now(),
        "grace_until": timezone.now(),
    }
    DunningCase.objects.create(operator=operator, cdr=cdr, status="closed", closed_at=timezone.now(), **given_up)
    assert found(operator)["uncollected"] == (1, Decimal("10.25"))


def test_looking_costs_the_same_whatever_there_is(
    rated: Rated, operator: Operator, django_assert_max_num_queries: Any
) -> None:
    for _n in range(4):
        rated()
    close.look(operator=operator, month=JUNE)
    with django_assert_max_num_queries(34):
        close.look(operator=operator, month=JUNE)


# ---- the page -------------------------------------------------------------------------------------------------------


def test_the_page_is_a_few_queries(
    rated: Rated, anna: User, client: Client, django_assert_max_num_queries: Any
) -> None:
    rated()
    client.force_login(anna)
    client.get("/ops/billing/close/?month=2026-06")
    with django_assert_max_num_queries(20):
        page = client.get("/ops/billing/close/?month=2026-06").content.decode()
    assert "June closes with 2 decisions." in page
    assert "2 of" not in page.split("</h1>")[0]


def test_anna_closes_june_with_a_few_clicks(rated: Rated, operator: Operator, anna: User, client: Client) -> None:
    rated()
    client.force_login(anna)
    assert client.get("/ops/billing/close/")["Location"] == "/ops/billing/close/?month=2026-06"
    client.get("/ops/billing/close/?month=2026-06")
    for check in ("uncollected", "takings_gap"):
        client.post("/ops/billing/close/2026-06/accept/", {"check": check, "reason": "agreed with Olga"})
    page = client.get("/ops/billing/close/?month=2026-06").content.decode()
    assert "Everything is in order." in page
    assert page.count("agreed with Olga") == 4  # at the line, and in the history
    page = client.post("/ops/billing/close/2026-06/close/", follow=True).content.decode()
    assert "June is closed." in page
    assert "counts in July 2026" in page
    assert client.get("/ops/billing/close/")["Location"] == "/ops/billing/close/?month=2026-06"  # July is not over


def test_what_is_refused_is_said_and_changes_nothing(rated: Rated, anna: User, client: Client) -> None:
    rated()
    client.force_login(anna)
    page = client.post("/ops/billing/close/2026-06/close/", follow=True).content.decode()
    assert "Some checks are still to be decided." in page
    assert not MonthClose.objects.get().is_closed


@pytest.mark.parametrize("month", ["9999-12", "2026-13", "poem", "2026-08", "0001-01", "1999-12"])
def test_what_is_no_month_is_not_found(month: str, anna: User, client: Client) -> None:
    client.force_login(anna)
    assert client.get(f"/ops/billing/close/?month={month}").status_code == 404
    assert client.post(f"/ops/billing/close/{month}/close/").status_code == 404
    assert not MonthClose.objects.exists()


def test_who_may_look_and_who_may_close(
    rated: Rated, tom: User, carla: User, client: Client, operator: Operator
) -> None:
    rated()
    client.force_login(tom)
    page = client.get("/ops/billing/close/?month=2026-06")
    assert page.status_code == 200
    assert "Close June" not in page.content.decode()
    assert client.post("/ops/billing/close/2026-06/close/").status_code == 403
    client.force_login(carla)
    client.post("/ops/billing/close/2026-06/close/")  # her own June, not ours
    assert not MonthClose.objects.filter(operator=operator, closed_at__isnull=False).exists()


def test_the_rail_counts_what_the_last_month_waits_for(
    rated: Rated, operator: Operator, anna: User, tom: User, client: Client
) -> None:
    rated()
    close.look(operator=operator, month=JUNE)
    assert worklist.decisions(operator) == 2
    client.force_login(anna)
    assert 'Money<span class="badge">2</span>' in client.get("/ops/billing/invoices/?lang=en").content.decode()
    for left, check in ((1, "uncollected"), (0, "takings_gap")):
        close.accept(operator=operator, month=JUNE, check=check, reason="seen", by=anna)
        assert worklist.decisions(operator) == left
    close.withdraw(operator=operator, month=JUNE, check="uncollected", by=anna)
    assert worklist.decisions(operator) == 1


def test_every_night_the_open_months_are_looked_at(rated: Rated, operator: Operator, anna: User) -> None:
    rated()
    assert close.look_at_all(operator=operator) == 13
    closed(operator, JUNE, anna)
    assert close.look_at_all(operator=operator) == 1


def test_a_closed_month_that_moved_is_written_down(rated: Rated, operator: Operator, anna: User, caplog: Any) -> None:
    rated()
    closed(operator, JUNE, anna)
    close.look_at_all(operator=operator)
    assert "moved" not in caplog.text
    CDR.objects.update(total_excl_vat=Decimal(1))  # somebody with the database in hand
    close.look_at_all(operator=operator)
    assert "closed month moved operator=rete-adriatica month=2026-06-01 figures=charges" in caplog.text
