"""The mail at the end of a charge: once, with the receipt, in the driver's language."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail

from accounts.models import Driver, SentMail, User
from billing.models import CDR
from billing.services.charges import rating
from cms.core.errors import Unavailable
from cms.portal import mails, tasks
from sessions_app.models import ChargingSession
from tests.cms.driving import MORNING, Driving, minute

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(minute(120), tick=False) as clock:
        yield clock


def record(session: ChargingSession) -> CDR:
    return CDR.objects.standing().get(session=session)


def test_a_rated_charge_is_mailed_with_its_receipt(
    world: Driving, dario: Driver, django_capture_on_commit_callbacks: Any
) -> None:
    User.objects.update(language="en")
    session = world.charged(18_640, minutes=132, rated=False)
    with django_capture_on_commit_callbacks(execute=True):
        rating.rate(session_id=session.pk)
    (letter,) = mail.outbox
    assert letter.to == ["dario@driver.example"]
    assert letter.subject == "Your charge: €11.00 for 18.64\u00a0kWh"
    for said in (
        "1 May 2026, 10:30–12:42",
        "\nVia Stalingrado 71, Bologna",
        "18.64\u00a0kWh × €0.59/kWh",
        "Total: €11.00 (taxable €9.02, VAT 22\u00a0% €1.98)",
        f"/history/{session.pk}/",
        f"Sold by {dario.operator.name}.",
    ):
        assert said in letter.body
    (name, content, media_type) = letter.attachments[0]
    assert (name, media_type) == (f"colonnina-{record(session).pk}.pdf", "application/pdf")
    assert content.startswith(b"%PDF-")
    (html, kind) = letter.alternatives[0]
    assert kind == "text/html"
    assert "€11.00" in html


def test_the_second_time_is_boring(world: Driving) -> None:
    cdr = record(world.charged())
    assert mails.receipt(cdr_id=cdr.pk) is True
    assert mails.receipt(cdr_id=cdr.pk) is False
    tasks.mail_receipt(cdr.pk)
    assert len(mail.outbox) == 1


def test_amounts_and_receipt_follow_the_driver_s_language(world: Driving, dario: Driver) -> None:
    User.objects.update(language="it")
    mails.receipt(cdr_id=record(world.charged(18_640)).pk)
    assert "11,00\u00a0€" in mail.outbox[0].subject
    assert "18,64\u00a0kWh × 0,59\u00a0€/kWh" in mail.outbox[0].body


def test_what_the_announcement_missed_the_sweep_finds(world: Driving) -> None:
    cdr = record(world.charged())
    assert mails.missing() == [cdr.pk]
    tasks.mail_missing_receipts()
    assert len(mail.outbox) == 1
    assert mails.missing() == []


def test_a_broken_mail_server_leaves_it_for_later(world: Driving, monkeypatch: pytest.MonkeyPatch) -> None:
    cdr = record(world.charged())

    def down(*_: Any, **__: Any) -> None:
        raise Unavailable("The mail could not be sent.")

    with monkeypatch.context() as broken:
        broken.setattr(mails.send, "to_user", down)
        with pytest.raises(Unavailable):
            mails.receipt(cdr_id=cdr.pk)
    assert mails.missing() == [cdr.pk]
    assert mails.receipt(cdr_id=cdr.pk) is True


def test_nothing_for_nothing(world: Driving) -> None:
    cdr = record(world.charged(0, minutes=2))
    assert mails.receipt(cdr_id=cdr.pk) is False
    assert mail.outbox == []


def test_a_charge_on_hold_is_not_mailed_until_it_is_released(world: Driving) -> None:
    session = world.charged()
    ChargingSession.objects.filter(pk=session.pk).update(review="energy_jump")
    CDR.objects.update(held=True)
    assert mails.receipt(cdr_id=record(session).pk) is False
    ChargingSession.objects.filter(pk=session.pk).update(review="")
    assert mails.missing() == [record(session).pk]


def test_an_imported_history_is_no_news(world: Driving, clock: Any) -> None:
    session = world.charged()
    clock.move_to(MORNING + timedelta(days=3))
    assert mails.receipt(cdr_id=record(session).pk) is False
    assert SentMail.objects.count() == 0


def test_a_charge_without_a_driver_has_nobody_to_write_to(world: Driving) -> None:
    session = world.charged()
    CDR.objects.update(driver=None)
    assert mails.receipt(cdr_id=record(session).pk) is False


def test_the_receipt_s_page_says_where_it_was_mailed(client: Any, world: Driving, dario: Driver) -> None:
    session = world.charged()
    mails.receipt(cdr_id=record(session).pk)
    client.force_login(dario.user)
    html = client.get(f"/history/{session.pk}/").content.decode()
    assert "<dd>dario@driver.example</dd>" in html
