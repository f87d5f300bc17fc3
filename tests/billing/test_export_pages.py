"""Lists as files, behind the same doors as the pages: one click, and a job where it takes longer."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core import mail as mails
from django.test import Client

from accounts.models import Driver, Operator, User
from billing import tasks
from billing.exports import kinds
from billing.models import CDR, Bookkeeping, Export, TariffVersion
from billing.services.charges import rating
from billing.services.invoicing import invoices
from billing.services.month_end import exports, writing
from cms.core.errors import Conflict, Forbidden, Invalid
from sessions_app.models import ChargingSession
from tests.billing.test_issue_invoices import BELLINI
from tests.conftest import member

START = "/ops/billing/exports/start/"


@pytest.fixture(autouse=True)
def clock(settings: Any, tmp_path: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    with time_machine.travel(datetime(2026, 6, 16, 9, tzinfo=UTC), tick=False) as at:
        yield at


@pytest.fixture
def client() -> Client:
    return Client(headers={"accept-language": "en"})


@pytest.fixture
def cdr(price: Callable[..., TariffVersion], ended: Callable[..., ChargingSession], dario: Driver) -> CDR:
    Driver.objects.filter(pk=dario.pk).update(**BELLINI)
    price()
    rated = rating.rate(session_id=ended(energy=Decimal(18_640)).pk)
    assert rated is not None
    return rated


def rows(client: Client, person: User, kind: str, **params: str) -> list[str]:
    client.force_login(person)
    answer = client.post(START, {"kind": kind, "preset": "csv_it", **params}, follow=True)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith(f'attachment; filename="{kind}')
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    return content.decode().removeprefix("\ufeff").strip().split("\r\n")[1:]


def test_anna_takes_the_charges_to_her_spreadsheet(cdr: CDR, anna: User, client: Client) -> None:
    (row,) = rows(client, anna, "charges")
    assert ";10,25;" in row
    assert rows(client, anna, "charges", since="2026-06-16") == []
    assert len(rows(client, anna, "charges", since="nonsense", until="2026-06-15")) == 1


def test_anna_takes_the_documents_that_the_list_shows(cdr: CDR, anna: User, client: Client) -> None:
    invoices.credit_note(invoice=invoices.issue(cdrs=[cdr], by=anna), by=anna)
    client.force_login(anna)
    answer = client.post(START, {"kind": "invoices", "preset": "csv_it", "search": "nobody"}, follow=True)
    assert b"".join(answer.streaming_content).count(b"\r\n") == 1  # type: ignore[attr-defined]
    assert Export.objects.get().params == '{"search": "nobody"}'


def test_carla_gets_none_of_it(cdr: CDR, anna: User, carla: User, client: Client) -> None:
    export = exports.start(operator=cdr.operator, kind="charges", params={}, by=anna, small_at_once=True)
    assert rows(client, carla, "charges") == []
    for door, how in (("file", client.get), ("cancel", client.post), ("retry", client.post)):
        assert how(f"/ops/billing/exports/{export.pk}/{door}/").status_code == 404  # type: ignore[operator]
    with pytest.raises(Forbidden):
        exports.start(operator=cdr.operator, kind="charges", params={}, by=carla)


def test_a_technician_is_not_let_in(operator: Operator, client: Client) -> None:
    client.force_login(member(operator, "tech@rete.example", "technician"))
    assert client.post(START, {"kind": "charges"}).status_code == 403
    assert client.get("/ops/billing/exports/").status_code == 403
    assert client.get("/ops/jobs/").status_code == 200
    assert not Export.objects.exists()


def test_strangers_sign_in_first(client: Client, db: None) -> None:
    assert client.post(START).status_code == 302
    assert not Export.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"kind": "poem"}, {"kind": "charges", "preset": "pdf"}, {"kind": "charges", "month": "9999-12"}]
)
def test_what_makes_no_sense_is_said_and_starts_nothing(wrong: dict[str, str], anna: User, client: Client) -> None:
    client.force_login(anna)
    answer = client.post(START, wrong, follow=True)
    assert (answer.status_code, answer.redirect_chain[0][0]) == (200, "/ops/jobs/")
    assert not Export.objects.exists()


def test_the_lists_lead_to_the_files(cdr: CDR, anna: User, client: Client) -> None:
    invoices.issue(cdrs=[cdr], by=anna)
    client.force_login(anna)
    page = client.get("/ops/billing/invoices/?search=Bellini").content.decode()
    assert START in page
    assert '<input type="hidden" name="search" value="Bellini">' in page
    assert START in client.get("/ops/cdrs/").content.decode()


# ---- jobs -----------------------------------------------------------------------------------------------------------


def asked(cdr: CDR, by: User) -> Export:
    """Started, and no worker has come yet."""
    return exports.start(operator=cdr.operator, kind="charges", params={"month": "2026-06"}, preset="csv_it", by=by)


def test_a_job_has_progress_a_checksum_and_an_end(cdr: CDR, anna: User) -> None:
    export = asked(cdr, anna)
    assert (export.state, export.params) == ("queued", '{"month": "2026-06"}')
    assert writing.run(export.pk)
    export.refresh_from_db()
    content = export.file.read()
    assert (export.state, export.rows, export.done, export.total) == ("done", 1, 1, 1)
    assert (export.sha256, export.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (export.name, export.expires_at) == ("charges-2026-06.csv", datetime(2026, 7, 16, 9, tzinfo=UTC))


def test_the_same_question_has_the_same_checksum(cdr: CDR, anna: User, clock: Any) -> None:
    writing.run(asked(cdr, anna).pk)
    clock.shift(timedelta(days=9))
    writing.run(asked(cdr, anna).pk)
    first, second = Export.objects.values_list("sha256", flat=True)
    assert first == second != ""


def test_asked_twice_it_is_one_job_and_the_second_worker_finds_nothing(cdr: CDR, anna: User) -> None:
    assert asked(cdr, anna) == asked(cdr, anna)
    export = Export.objects.get()
    assert writing.run(export.pk)
    assert not writing.run(export.pk)
    assert Export.objects.get().attempt == 1


def test_a_killed_worker_is_followed_by_another(cdr: CDR, anna: User, clock: Any) -> None:
    export = asked(cdr, anna)
    Export.objects.update(state="running", attempt=1, beat_at=datetime(2026, 6, 16, 9, tzinfo=UTC))
    assert writing.resume() == []  # it said that it lives a moment ago
    clock.shift(timedelta(minutes=6))
    tasks.resume_exports()
    export.refresh_from_db()
    assert (export.state, export.attempt, export.rows) == ("done", 2, 1)


def test_a_worker_that_was_given_up_writes_nothing(cdr: CDR, anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    export = asked(cdr, anna)
    whole = writing.writers.write

    def overtaken(*args: Any) -> int:
        Export.objects.filter(pk=export.pk).update(attempt=7)
        return whole(*args)

    monkeypatch.setattr(writing.writers, "write", overtaken)
    assert not writing.run(export.pk)
    export.refresh_from_db()
    assert (export.state, export.file.name, export.sha256) == ("running", "", "")


def test_one_that_kills_its_workers_is_given_up(cdr: CDR, anna: User, clock: Any) -> None:
    asked(cdr, anna)
    Export.objects.update(state="running", attempt=5, beat_at=datetime(2026, 6, 16, 8, tzinfo=UTC))
    assert writing.resume() == []
    assert Export.objects.get().state == "failed"


def test_a_bug_is_said_and_can_be_tried_again(cdr: CDR, anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    export = asked(cdr, anna)
    with monkeypatch.context() as broken:
        broken.setattr(writing.writers, "write", lambda *args: 1 / 0)
        tasks.run_export(export.pk)
    export.refresh_from_db()
    assert export.state == "failed"
    assert "ZeroDivision" not in export.error
    exports.retry(export=export, by=anna)
    tasks.run_export(export.pk)
    export.refresh_from_db()
    assert (export.state, export.error) == ("done", "")


def test_what_is_cancelled_is_not_written(cdr: CDR, anna: User, tom: User) -> None:
    export = asked(cdr, anna)
    exports.cancel(export=export, by=anna)
    assert not writing.run(export.pk)
    export.refresh_from_db()
    assert (export.state, export.file.name) == ("cancelled", "")
    with pytest.raises(Conflict):
        exports.cancel(export=export, by=anna)


def test_a_file_that_was_changed_on_disk_is_refused_and_can_be_made_again(cdr: CDR, anna: User, client: Client) -> None:
    export = asked(cdr, anna)
    writing.run(export.pk)
    export.refresh_from_db()
    client.force_login(anna)
    assert client.get(f"/ops/billing/exports/{export.pk}/file/").status_code == 200
    with open(export.file.path, "ab") as content:
        content.write(b"x")
    answer = client.get(f"/ops/billing/exports/{export.pk}/file/")
    assert answer["Location"] == "/ops/jobs/"
    client.post(f"/ops/billing/exports/{export.pk}/retry/")
    writing.run(export.pk)
    assert client.get(f"/ops/billing/exports/{export.pk}/file/").status_code == 200


def test_the_bell_says_what_has_ended_until_one_looks(cdr: CDR, anna: User, olga: User, client: Client) -> None:
    writing.run(asked(cdr, anna).pk)
    client.force_login(anna)
    assert '<span class="badge">1</span>' in client.get("/ops/jobs/bell/").content.decode()
    client.get("/ops/jobs/")
    assert "badge" not in client.get("/ops/jobs/bell/").content.decode()
    client.force_login(olga)
    assert "badge" not in client.get("/ops/jobs/bell/").content.decode()


def test_after_thirty_days_the_file_goes_and_the_history_stays(
    cdr: CDR, anna: User, client: Client, clock: Any
) -> None:
    export = asked(cdr, anna)
    writing.run(export.pk)
    export.refresh_from_db()
    clock.shift(timedelta(days=29))
    assert exports.expire() == 0
    clock.shift(timedelta(days=2))
    assert exports.expire() == 1
    storage, name = export.file.storage, export.file.name
    assert not storage.exists(name)
    client.force_login(anna)
    assert client.get(f"/ops/billing/exports/{export.pk}/file/").status_code == 404
    page = client.get("/ops/jobs/").content.decode()
    assert export.sha256 in page
    assert "the file is deleted" in page


def test_a_job_under_way_is_asked_again_and_a_finished_one_is_not(cdr: CDR, anna: User, client: Client) -> None:
    export = asked(cdr, anna)
    client.force_login(anna)
    assert "every 2s" in client.get("/ops/jobs/").content.decode()
    writing.run(export.pk)
    part = client.get("/ops/jobs/", headers={"HX-Request": "true"}).content.decode()
    assert part.startswith("<section")
    assert "every 2s" not in part


def test_a_long_list_becomes_a_job(
    cdr: CDR, anna: User, client: Client, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setitem(kinds.KINDS, "charges", replace(kinds.of("charges"), small=0))
    client.force_login(anna)
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(START, {"kind": "charges"})["Location"] == "/ops/jobs/"
    assert Export.objects.get().state == "done"  # the task came in between


def test_what_is_at_risk_is_a_file_too(cdr: CDR, anna: User, client: Client, clock: Any) -> None:
    clock.shift(timedelta(days=2))
    client.force_login(anna)
    assert 'value="at_risk"' in client.get("/ops/billing/assurance/").content.decode()
    answer = client.post(START, {"kind": "at_risk", "preset": "machine", "check": "uncollected"}, follow=True)
    (row,) = b"".join(answer.streaming_content).decode().split("\r\n")[1:-1]  # type: ignore[attr-defined]
    assert row.startswith(f"“Billed, not collected”,{cdr.session_id},".replace("“", '"').replace("”", '"'))
    assert row.endswith(",18.640,10.25,EUR,0,")


def test_unknown_kinds_are_refused(operator: Operator, anna: User) -> None:
    with pytest.raises(Invalid):
        exports.start(operator=operator, kind="poem", params={}, by=anna)


def test_who_waited_long_is_told_by_mail_once(cdr: CDR, anna: User, clock: Any) -> None:
    quick = asked(cdr, anna)
    writing.run(quick.pk)
    assert not exports.tell(export_id=quick.pk)
    slow = asked(cdr, anna)
    clock.shift(timedelta(minutes=2))
    writing.run(slow.pk)
    assert exports.tell(export_id=slow.pk)
    assert not exports.tell(export_id=slow.pk)
    (mail,) = mails.outbox
    assert mail.to == ["anna@rete.example"]
    assert f"/ops/billing/exports/{slow.pk}/file/" in mail.body


def test_a_bookkeepers_codes_are_kept_and_the_usual_ones_are_not(anna: User, tom: User, client: Client) -> None:
    client.force_login(anna)
    form = {"energy_cost": "0,21", "bank": "1000", "vat": "45.01.01"}
    assert client.post("/ops/billing/accounts/", form)["Location"] == "/ops/billing/exports/"
    kept = Bookkeeping.objects.get()
    assert (kept.codes, kept.energy_cost) == ('{"bank": "1000"}', Decimal("0.21"))
    assert 'value="1000"' in client.get("/ops/billing/accounts/").content.decode()
    assert client.post("/ops/billing/accounts/", {"energy_cost": "-1"}).status_code == 400
    client.force_login(tom)
    assert client.post("/ops/billing/accounts/", form).status_code == 403
    assert Bookkeeping.objects.get().energy_cost == Decimal("0.21")
