"""What hosts of sites get: exactly, once, and corrected in the next statement."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core import mail as mails
from django.test import Client

from accounts.models import Driver, Operator, User
from billing.documents import statement as sheets
from billing.models import CDR, HostStatement, HostStatementItem, Payment, Refund, RevenueShare, TariffVersion
from billing.services.charges import rating
from billing.services.invoicing import credit_notes, invoices
from billing.services.month_end import statements
from cms.core.errors import Conflict, Forbidden
from sessions_app.models import ChargingSession
from stations.models import ChargingStation, Location
from tests.billing.test_export_lists import lines as file_lines
from tests.billing.test_issue_invoices import BELLINI

MAY, JUNE, JULY, AUGUST = (date(2026, n, 1) for n in (5, 6, 7, 8))
TERMS: dict[str, Any] = {"host_name": "Hotel Mare", "host_email": "conti@mare.example", "language": "en"}


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(datetime(2026, 7, 3, 9, tzinfo=UTC), tick=False) as at:
        yield at


@pytest.fixture
def client() -> Client:
    return Client(headers={"accept-language": "en"})


@pytest.fixture
def place(station: ChargingStation) -> Location:
    assert station.location is not None
    return station.location


Rated = Callable[..., CDR]


@pytest.fixture
def rated(price: Callable[..., TariffVersion], ended: Callable[..., ChargingSession]) -> Rated:
    """A charge of 15 June: 18.64 kWh, 10.25 € with and 8.40 € without VAT."""
    price()

    def make(**facts: Any) -> CDR:
        cdr = rating.rate(session_id=ended(**{"energy": Decimal(18_640), **facts}).pk)
        assert cdr is not None
        return cdr

    return make


def agree(place: Location, by: User, **terms: Any) -> RevenueShare:
    return statements.agree(location=place, by=by, **{"valid_from": MAY, **TERMS, **terms})


def told(row: HostStatement | None) -> list[tuple[str, str, str]]:
    assert row is not None
    return [(line["month"][5:], line["kind"], line["amount"]) for line in json.loads(row.lines)]


def test_a_percentage_of_what_is_left_an_amount_per_kwh_and_one_a_month(
    rated: Rated, place: Location, anna: User, operator: Operator
) -> None:
    rated(), rated()
    agree(
        place,
        anna,
        percent=Decimal(20),
        per_kwh=Decimal("0.01"),
        fixed=Decimal(30),
        fee_percent=Decimal("1.5"),
        energy_cost=Decimal("0.12"),
    )
    row = statements.issue(location=place, month=JUNE)
    assert told(row) == [
        ("06", "revenue", "16.80"),
        ("06", "fees", "-0.25"),
        ("06", "energy_cost", "-4.47"),
        ("06", "share", "2.42"),  # 20 % of 12.08
        ("06", "per_kwh", "0.37"),
        ("06", "fixed", "30.00"),
    ]
    assert row is not None
    assert (row.number, row.total, row.sessions, row.energy, row.revenue) == (
        "H-1/2026",
        Decimal("32.79"),
        2,
        Decimal(37_280),
        Decimal("16.80"),
    )
    assert row.items.count() == 2


def test_asked_twice_it_is_one_statement(rated: Rated, place: Location, anna: User) -> None:
    rated()
    agree(place, anna, percent=Decimal(10))
    assert statements.issue(location=place, month=JUNE) == statements.issue(location=place, month=JUNE)
    assert HostStatementItem.objects.count() == 1


def test_what_comes_late_or_is_taken_back_is_a_line_of_the_next(
    rated: Rated, place: Location, anna: User, clock: Any
) -> None:
    taken_back = rated()
    agree(place, anna, percent=Decimal(10))
    statements.issue(location=place, month=JUNE)
    clock.shift(timedelta(days=20))
    rating.credit(cdr=taken_back, by=anna)
    rated(), rated()
    rated(started_at=datetime(2026, 7, 9, 8, tzinfo=UTC))
    clock.move_to(datetime(2026, 8, 2, 9, tzinfo=UTC))
    row = statements.issue(location=place, month=JULY)
    assert told(row) == [
        ("06", "revenue", "8.40"),  # two late ones less the one that was credited
        ("06", "share", "0.84"),
        ("07", "revenue", "8.40"),
        ("07", "share", "0.84"),
    ]
    assert row is not None
    assert (row.sessions, row.total) == (1, Decimal("1.68"))


def test_corrections_follow_what_was_agreed_for_their_month(
    rated: Rated, place: Location, anna: User, clock: Any
) -> None:
    agree(place, anna, percent=Decimal(10))
    statements.issue(location=place, month=JUNE)
    agree(place, anna, valid_from=JULY, percent=Decimal(50))
    clock.move_to(datetime(2026, 8, 2, 9, tzinfo=UTC))
    rated()
    rated(started_at=datetime(2026, 7, 9, 8, tzinfo=UTC))
    row = statements.issue(location=place, month=JULY)
    assert [line for line in told(row) if line[1] == "share"] == [("06", "share", "0.84"), ("07", "share", "4.20")]


def test_a_refund_lessens_the_revenue_by_its_net_part(
    rated: Rated, place: Location, anna: User, operator: Operator, clock: Any
) -> None:
    cdr = rated()
    agree(place, anna, percent=Decimal(10))
    statements.issue(location=place, month=JUNE)
    paid = Payment.objects.create(
        operator=operator,
        cdr=cdr,
        amount=Decimal("10.25"),
        captured=Decimal("10.25"),
        refunded=Decimal("6.10"),
        currency="EUR",
        gateway="fake",
        idempotency_key="one",
        status="captured",
    )
    facts = {"payment": paid, "operator": operator, "status": "done"}
    Refund.objects.create(**facts, amount=Decimal("6.10"), by=anna, idempotency_key="r1")
    Refund.objects.create(
        **facts, amount=Decimal("1.00"), by=None, idempotency_key="r2"
    )  # too much was taken: no revenue
    clock.move_to(datetime(2026, 8, 2, 9, tzinfo=UTC))
    row = statements.issue(location=place, month=JULY)
    assert told(row)[:3] == [("06", "revenue", "0"), ("06", "refunds", "-5.00"), ("06", "share", "-0.50")]
    clock.move_to(datetime(2026, 9, 2, 9, tzinfo=UTC))
    assert told(statements.issue(location=place, month=AUGUST)) == [("08", "revenue", "0")]


def test_a_credited_line_lessens_it_too(rated: Rated, place: Location, dario: Driver, anna: User, clock: Any) -> None:
    Driver.objects.filter(pk=dario.pk).update(**BELLINI)
    invoice = invoices.issue(cdrs=[rated()], by=anna)
    agree(place, anna, percent=Decimal(10))
    statements.issue(location=place, month=JUNE)
    line = invoice.lines.get()
    credit_notes.give(invoice=invoice, by=anna, lines={line.pk: Decimal("9.32")}, reason="half")
    clock.move_to(datetime(2026, 8, 2, 9, tzinfo=UTC))
    assert told(statements.issue(location=place, month=JULY))[:3] == [
        ("06", "revenue", "0"),
        ("06", "refunds", "-4.20"),
        ("06", "share", "-0.42"),
    ]


@pytest.mark.parametrize(("again", "left"), [(True, "8.40"), (False, "0")])
def test_a_credited_line_is_given_back_when_its_whole_charge_goes(
    rated: Rated, place: Location, dario: Driver, anna: User, clock: Any, again: bool, left: str
) -> None:
    """Half of the charge in June's statement was credited, and then all of it: as if the half had never been."""
    Driver.objects.filter(pk=dario.pk).update(**BELLINI)
    invoice = invoices.issue(cdrs=[rated()], by=anna)
    agree(place, anna, percent=Decimal(10))
    first = statements.issue(location=place, month=JUNE)
    credit_notes.give(invoice=invoice, by=anna, lines={invoice.lines.get().pk: Decimal("9.32")}, reason="half")
    clock.move_to(datetime(2026, 8, 2, 9, tzinfo=UTC))
    second = statements.issue(location=place, month=JULY)
    credit_notes.give(invoice=invoice, by=anna, again=again, reason="all")
    clock.move_to(datetime(2026, 9, 2, 9, tzinfo=UTC))
    third = statements.issue(location=place, month=AUGUST)
    rows = [row for row in (first, second, third) if row is not None]
    told_lines = [line for row in rows for line in json.loads(row.lines)]
    assert [line["amount"] for line in told_lines if line["kind"] == "refunds"] == ["-4.20", "4.20"]
    assert sum(Decimal(line["amount"]) for line in told_lines if line["kind"] in ("revenue", "refunds")) == Decimal(
        left
    )
    assert sum(row.total for row in rows) == (Decimal(left) * 10 / 100).quantize(Decimal("0.01"))
    clock.move_to(datetime(2026, 10, 2, 9, tzinfo=UTC))
    assert told(statements.issue(location=place, month=date(2026, 9, 1))) == [("09", "revenue", "0")]


@pytest.mark.parametrize("how", ["credited", "sent back"])
def test_a_refund_is_given_back_when_it_is_none_any_more(
    rated: Rated, place: Location, anna: User, operator: Operator, clock: Any, how: str
) -> None:
    cdr = rated()
    agree(place, anna, percent=Decimal(10))
    statements.issue(location=place, month=JUNE)
    paid = Payment.objects.create(
        operator=operator,
        cdr=cdr,
        amount=10,
        captured=10,
        refunded=5,
        currency="EUR",
        gateway="fake",
        idempotency_key="p",
    )
    refund = Refund.objects.create(
        payment=paid, operator=operator, status="done", amount=Decimal("6.10"), by=anna, idempotency_key="r"
    )
    clock.move_to(datetime(2026, 8, 2, 9, tzinfo=UTC))
    assert ("06", "refunds", "-5.00") in told(statements.issue(location=place, month=JULY))
    if how == "credited":
        rating.credit(cdr=cdr, by=anna)
    else:
        Refund.objects.filter(pk=refund.pk).update(status="failed")
    clock.move_to(datetime(2026, 9, 2, 9, tzinfo=UTC))
    lines = told(statements.issue(location=place, month=AUGUST))
    assert ("06", "refunds", "5.00") in lines
    assert (("06", "revenue", "-8.40") in lines) == (how == "credited")


def test_what_is_held_is_nobodys_yet(rated: Rated, place: Location, anna: User, clock: Any) -> None:
    cdr = rated()
    CDR.objects.filter(pk=cdr.pk).update(held=True, flags="periods_mismatch")
    agree(place, anna, percent=Decimal(10))
    assert told(statements.issue(location=place, month=JUNE)) == [("06", "revenue", "0")]
    CDR.objects.filter(pk=cdr.pk).update(held=False, flags="")
    clock.move_to(datetime(2026, 8, 2, 9, tzinfo=UTC))
    assert told(statements.issue(location=place, month=JULY))[:2] == [
        ("06", "revenue", "8.40"),
        ("06", "share", "0.84"),
    ]


def test_nothing_is_agreed_backwards(rated: Rated, place: Location, anna: User, tom: User) -> None:
    agree(place, anna, percent=Decimal(10))
    statements.issue(location=place, month=JUNE)
    with pytest.raises(Conflict) as refused:
        agree(place, anna, valid_from=JUNE, percent=Decimal(90))
    assert refused.value.code == "statement_issued"
    with pytest.raises(Forbidden):
        agree(place, tom, valid_from=AUGUST, percent=Decimal(90))
    assert RevenueShare.objects.count() == 1


def test_an_ended_agreement_has_no_more_statements(rated: Rated, place: Location, anna: User, clock: Any) -> None:
    agree(place, anna, percent=Decimal(10), fixed=Decimal(5))
    agree(place, anna, valid_from=JULY, ended=True)
    clock.move_to(datetime(2026, 8, 2, 9, tzinfo=UTC))
    rated(started_at=datetime(2026, 7, 9, 8, tzinfo=UTC))
    assert statements.issue(location=place, month=JUNE) is not None
    assert statements.issue(location=place, month=JULY) is None


def test_statements_are_written_for_a_month_that_is_over_and_mailed_once(
    rated: Rated, place: Location, anna: User, operator: Operator, django_capture_on_commit_callbacks: Any
) -> None:
    rated()
    agree(place, anna, percent=Decimal(10))
    assert statements.waiting(operator=operator, month=JUNE) == 1
    with pytest.raises(Conflict):
        statements.issue_all(operator=operator, month=JULY, by=anna)
    with django_capture_on_commit_callbacks(execute=True):
        assert statements.issue_all(operator=operator, month=JUNE, by=anna) == 1
    assert statements.waiting(operator=operator, month=JUNE) == 0
    assert not statements.mail(statement_id=HostStatement.objects.get().pk)
    (sent,) = mails.outbox
    assert (sent.to, sent.subject) == (["conti@mare.example"], f"Your statement for June 2026: {place}")
    (name, content, kind) = sent.attachments[0]
    assert (name, kind, content[:5]) == ("statement-2026-06-H-1-2026.pdf", "application/pdf", b"%PDF-")


@pytest.mark.parametrize("language", ["it", "en"])
def test_the_sheet_says_it_in_the_hosts_language(rated: Rated, place: Location, anna: User, language: str) -> None:
    rated()
    agree(place, anna, percent=Decimal(10), language=language)
    row = statements.issue(location=place, month=JUNE)
    assert row is not None
    sheet = sheets.sheet(row)
    words = {"it": ("Rendiconto", "0,84\u00a0€"), "en": ("Statement", "€0.84")}[language]
    assert (sheet["title"], sheet["total"][1]) == words
    assert [line[4] for line in sheet["groups"][0]["rows"]][1] == words[1]


def test_as_a_list_only_what_counts_adds_up(rated: Rated, place: Location, anna: User, operator: Operator) -> None:
    rated()
    agree(place, anna, percent=Decimal(10), fixed=Decimal(5))
    statements.issue(location=place, month=JUNE)
    _head, *rows = file_lines(operator, "statements", "machine", month="2026-06")
    assert [(row[5], row[10], row[11]) for row in rows] == [
        ("Revenue without VAT", "8.40", ""),
        ("Share of the revenue", "0.84", "0.84"),
        ("Fixed amount of the month", "5.00", "5.00"),
    ]


# ---- pages ----------------------------------------------------------------------------------------------------------

FORM = {"valid_from": "2026-07", "host_name": "Hotel Mare", "host_email": "h@mare.example", "language": "it"}


def test_anna_agrees_with_a_host(place: Location, anna: User, client: Client) -> None:
    client.force_login(anna)
    url = f"/ops/billing/shares/{place.pk}/"
    answer = client.post(url, {**FORM, "percent": "12,5", "host_iban": "IT60 X054 2811 1010 0000 0123 456"})
    assert answer["Location"] == "/ops/billing/statements/"
    share = RevenueShare.objects.get()
    assert (share.percent, share.valid_from, share.host_iban) == (Decimal("12.5"), JULY, "IT60X0542811101000000123456")
    page = client.get("/ops/billing/statements/").content.decode()
    assert "Hotel Mare" in page


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"percent": "101"},
        {"percent": "-1"},
        {"percent": "10", "host_iban": "IT60X0542811101000000123457"},
        {"percent": "10", "valid_from": "9999-12"},
        {"percent": "10", "host_email": "nobody"},
        {"percent": "nan"},
    ],
)
def test_what_makes_no_sense_is_not_agreed(wrong: dict[str, str], place: Location, anna: User, client: Client) -> None:
    client.force_login(anna)
    assert client.post(f"/ops/billing/shares/{place.pk}/", {**FORM, **wrong}).status_code == 400
    assert not RevenueShare.objects.exists()
