"""What billing does by itself: behind each announcement a sweep, and no run that harms twice."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Driver, Operator
from billing import tasks
from billing.models import CDR, Invoice, Payment, TariffVersion
from billing.services.charges import costing, rating
from billing.services.debts import settling
from billing.services.invoicing import closing, invoices
from cms.core.errors import Unavailable
from sessions_app import signals
from sessions_app.models import ChargingSession
from tests.billing.test_issue_invoices import BELLINI

Ended = Callable[..., ChargingSession]


@pytest.fixture(autouse=True)
def _price(price: Callable[..., TariffVersion]) -> None:
    price()


def test_the_end_of_a_session_is_rated_and_collected(ended: Ended, django_capture_on_commit_callbacks: Any) -> None:
    session = ended()
    with django_capture_on_commit_callbacks(execute=True):
        signals.session_ended.send_robust(sender=ChargingSession, ids=[session.pk])
    payment = Payment.objects.get()
    assert (payment.cdr.session, payment.status, payment.amount) == (session, "captured", Decimal("11.00"))


def test_the_sweep_finds_what_nobody_announced(ended: Ended) -> None:
    sessions = [ended() for _ in range(5)]
    rating.rate(session_id=sessions[2].pk)
    assert tasks.rate_unrated() == 4
    assert tasks.rate_unrated() == 0
    assert CDR.objects.count() == 5


def test_the_sweep_leaves_running_sessions_alone(ended: Ended) -> None:
    ended(status="active", stopped_at=None)
    assert tasks.rate_unrated() == 0


def test_one_broken_session_does_not_keep_the_others_unpaid(
    ended: Ended, told: dict, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sessions = [ended() for _ in range(4)]
    whole = costing.of

    def breaks(found: Any, *agreed: Any) -> Any:
        if any(session.pk == sessions[1].pk for session in found):
            raise ArithmeticError("a poisoned session")
        return whole(found, *agreed)

    monkeypatch.setattr(costing, "of", breaks)
    with caplog.at_level(logging.ERROR):
        assert tasks.rate_unrated() == 3
    assert f"rating failed session={sessions[1].pk}" in caplog.text
    assert not CDR.objects.filter(session=sessions[1]).exists()


def test_a_late_reading_is_found(ended: Ended) -> None:
    session = ended()
    tasks.rate_unrated()
    assert tasks.rate_changed() == 0
    ChargingSession.objects.filter(pk=session.pk).update(energy=Decimal(21_000), updated_at=timezone.now())
    assert tasks.rate_changed() == 2
    assert tasks.rate_changed() == 0
    assert CDR.objects.standing().get().total_incl_vat == Decimal("11.55")


def test_an_invoiced_charge_waits_for_its_credit_note(ended: Ended, dario: Driver) -> None:
    Driver.objects.filter(pk=dario.pk).update(**BELLINI)
    session = ended()
    cdr = rating.rate(session_id=session.pk)
    assert cdr is not None
    invoice = invoices.issue(cdrs=[cdr], by=None)
    long_ago = timezone.now() - timedelta(days=40)
    ChargingSession.objects.filter(pk=session.pk).update(energy=Decimal(21_000), updated_at=long_ago)
    assert tasks.rate_changed() == 0
    invoices.credit_note(invoice=invoice, by=None)
    assert tasks.rate_changed() == 2


def test_a_provider_that_is_away_is_asked_again(ended: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
    ended()
    tasks.rate_unrated()

    def away(**_: Any) -> None:
        raise Unavailable("no answer")

    with monkeypatch.context() as broken:
        broken.setattr(settling, "settle", away)
        tasks.collect_due()
    assert not Payment.objects.exists()
    tasks.collect_due()
    assert Payment.objects.get().status == "captured"


def test_what_was_taken_back_is_given_back(ended: Ended, operator: Operator) -> None:
    ended()
    tasks.rate_unrated()
    tasks.collect_due()
    rating.credit(cdr=CDR.objects.get(), by=None)
    tasks.collect_due()
    assert Payment.objects.get().status == "refunded"


def test_the_invoice_run_goes_over_every_operator(
    ended: Ended, dario: Driver, operator: Operator, other_operator: Operator
) -> None:
    Driver.objects.filter(pk=dario.pk).update(**BELLINI)
    ended(started_at=datetime(2026, 6, 3, tzinfo=UTC))
    tasks.rate_unrated()
    with time_machine.travel(datetime(2026, 7, 1, 0, 30, tzinfo=UTC)):
        assert tasks.issue_monthly_invoices() == 1
        assert tasks.issue_monthly_invoices() == 0
    assert Invoice.objects.get().operator == operator


def test_one_operators_trouble_is_not_the_others(
    ended: Ended, other_operator: Operator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seen = []

    def monthly(*, operator: Operator) -> int:
        seen.append(operator)
        if len(seen) == 1:
            raise ArithmeticError("broken")
        return 1

    monkeypatch.setattr(closing, "monthly", monthly)
    assert tasks.issue_monthly_invoices() == len(seen) - 1 >= 1
    assert "invoice run failed" in caplog.text


def test_a_chunk_is_small_enough_for_one_writer() -> None:
    assert rating.CHUNK <= 200
