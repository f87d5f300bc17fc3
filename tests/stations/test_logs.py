"""A log from the station to our disk: asked for, uploaded once, followed, given up (ocpp16 §7, security.md 3.12)."""

import uuid
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cms.core.errors import Conflict
from stations.diagnostics import logs
from stations.models import Command, LogRequest
from stations.services import commands
from stations.vocabulary.commands import GetLog
from stations.vocabulary.events import CommandSettled, LogStatusReported, OutboxOpened
from stations.vocabulary.replies import DONE
from tests.factories import StationFactory

from .conftest import NOON, connected, ref

pytestmark = pytest.mark.usefixtures("media")


@pytest.fixture
def media(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    settings.PUBLIC_URL = "https://cms.example/"
    return tmp_path


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def log(online, olga) -> LogRequest:
    return logs.request(station=online, by=olga, since=NOON - timedelta(days=1))


def upload(log: LogRequest, name: str = "") -> str:
    return f"/uploads/{log.token}/{name}"


def files(media: Path) -> list[bytes]:
    return [path.read_bytes() for path in media.rglob("*") if path.is_file()]


def told(station, status: str, number: int | None = None) -> LogStatusReported:
    return LogStatusReported(station=ref(station), received_at=NOON, status=status, request_id=number)


def state(log: LogRequest) -> tuple[str, str]:
    log.refresh_from_db()
    return log.status, log.detail


# ---- asking ------------------------------------------------------------------------------------------------------


def test_the_station_is_given_an_address_with_a_one_time_token(log, tell):
    asked = tell(OutboxOpened(ref(log.station), 1, "ocpp1.6"))
    url = f"https://cms.example/uploads/{log.token}/"
    assert asked.command == GetLog(url, log.request_id, NOON - timedelta(days=1), None, "DiagnosticsLog")
    assert (log.status, log.expires_at) == ("requested", NOON + timedelta(hours=6))


def test_nothing_is_asked_of_an_offline_station(station):
    with pytest.raises(Conflict):
        logs.request(station=station, by=None)
    assert not LogRequest.objects.exists()


# ---- the upload --------------------------------------------------------------------------------------------------


def test_a_put_is_kept_as_it_came(log, client, media):
    body = bytes(range(256)) * 1000
    answer = client.put(upload(log, "diag.tar.gz"), body, content_type="application/gzip")
    assert answer.status_code == 201
    assert files(media) == [body]
    log.refresh_from_db()
    assert (log.status, log.file_name, log.size, log.completed_at) == ("uploaded", "diag.tar.gz", len(body), NOON)
    assert "diag" not in log.file.name


def test_a_multipart_post_is_kept_too(log, client, media):
    file = SimpleUploadedFile("log.txt", b"hello", "text/plain")
    assert client.post(upload(log), {"whatever": file}).status_code == 201
    assert files(media) == [b"hello"]
    log.refresh_from_db()
    assert log.file_name == "log.txt"


def test_a_post_of_the_bare_file_as_well(log, client, media):
    assert client.post(upload(log, "a.log"), b"hello", content_type="application/octet-stream").status_code == 201
    assert files(media) == [b"hello"]


def test_no_csrf_token_is_asked_of_a_station(log):
    client = Client(enforce_csrf_checks=True)
    assert client.put(upload(log), b"x", content_type="text/plain").status_code == 201


def test_the_address_works_once(log, client, media):
    client.put(upload(log), b"first", content_type="text/plain")
    answer = client.put(upload(log), b"second", content_type="text/plain")
    assert answer.status_code == 409
    assert files(media) == [b"first"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "..%5C..%5Cboot.ini", "<script>.log", "a" * 400])
def test_a_name_is_only_a_label(log, client, media, name):
    assert client.put(upload(log, name), b"x", content_type="text/plain").status_code == 201
    log.refresh_from_db()
    assert "/" not in log.file_name
    assert "\\" not in log.file_name
    assert len(log.file_name) <= 255
    assert Path(log.file.path).resolve().is_relative_to(media.resolve())


def test_a_strangers_token_is_404(log, client, media):
    assert client.put(f"/uploads/{uuid.uuid4()}/x", b"x", content_type="text/plain").status_code == 404
    assert client.put("/uploads/secret/x", b"x", content_type="text/plain").status_code == 404
    assert files(media) == []


def test_an_expired_address_is_404(log, client, clock, media):
    clock.shift(timedelta(hours=7))
    assert client.put(upload(log), b"x", content_type="text/plain").status_code == 404
    assert files(media) == []


def test_nothing_is_given_away(log, client):
    assert client.get(upload(log)).status_code == 405


def test_an_empty_file_is_refused_and_the_address_stays_open(log, client, media):
    assert client.put(upload(log), b"", content_type="text/plain").status_code == 400
    assert state(log) == ("requested", "")
    assert files(media) == []
    assert client.put(upload(log), b"log", content_type="text/plain").status_code == 201


@pytest.mark.parametrize("declared", [True, False])
def test_too_much_is_413_and_leaves_nothing_behind(log, client, media, monkeypatch, declared):
    monkeypatch.setattr(logs, "LARGEST", 1000)
    extra = {} if declared else {"CONTENT_LENGTH": ""}
    body = b"x" * 1001
    if declared:
        assert client.put(upload(log), body, content_type="text/plain", **extra).status_code == 413
    else:
        with pytest.raises(Exception, match="too large"):
            logs.receive(log=log, name="x", chunks=iter([b"x" * 600, b"x" * 401]))
    assert files(media) == []
    assert state(log) == ("requested", "")
    assert client.put(upload(log), b"x", content_type="text/plain").status_code == 201


def test_of_two_uploads_at_once_the_first_whole_one_stays(log, media):
    slow = LogRequest.objects.get(pk=log.pk)
    logs.receive(log=log, name="", chunks=[b"fast"])
    with pytest.raises(Conflict):
        logs.receive(log=slow, name="", chunks=[b"slow"])
    assert files(media) == [b"fast"]


# ---- what the station says ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["Idle", "Uploading", "Uploaded", "UploadFailed", "Brewing"])
def test_every_status_is_answered_asked_for_or_not(online, tell, status):
    assert tell(told(online, status)) == DONE
    assert not LogRequest.objects.exists()


def test_its_word_moves_the_request_but_received_is_what_has_arrived(log, tell, client):
    tell(told(log.station, "Uploading"))
    assert state(log) == ("uploading", "Uploading")
    tell(told(log.station, "Uploaded"))
    assert state(log) == ("uploading", "Uploaded")
    client.put(upload(log), b"x", content_type="text/plain")
    tell(told(log.station, "UploadFailed"))
    assert state(log) == ("uploaded", "")


def test_a_failure_ends_it(log, tell):
    tell(told(log.station, "UploadFailed"), told(log.station, "Uploading"))
    assert state(log) == ("failed", "UploadFailed")
    assert "could not upload" in logs.describe(log)


def test_another_stations_number_moves_nothing(log, tell, operator):
    stranger = StationFactory(operator=operator)
    tell(told(stranger, "UploadFailure", log.request_id))
    assert state(log) == ("requested", "")
    tell(told(log.station, "UploadFailure", log.request_id + 1))
    assert state(log) == ("requested", "")
    tell(told(log.station, "UploadFailure", log.request_id))
    assert state(log) == ("failed", "UploadFailure")


# ---- what the command says ---------------------------------------------------------------------------------------


def answer(log: LogRequest, tell, outcome: str = "result", payload: str | None = None) -> None:
    tell(CommandSettled(ref(log.station), log.command_id, outcome, payload))


def test_the_station_names_its_file(log, tell):
    answer(log, tell, payload='{"fileName":"diag-2026.tar.gz"}')
    log.refresh_from_db()
    assert (log.status, log.file_name) == ("requested", "diag-2026.tar.gz")


def test_no_name_means_nothing_to_upload(log, tell):
    answer(log, tell, payload="{}")
    assert state(log) == ("failed", "Nothing")


@pytest.mark.parametrize(("outcome", "payload"), [("error", None), ("timeout", None), ("closed", None)])
def test_without_an_answer_it_has_failed(log, tell, outcome, payload):
    answer(log, tell, outcome, payload)
    assert state(log) == ("failed", "Refused")


def test_a_2_0_1_station_may_refuse(station, tell):
    connected(station, tell, "ocpp2.0.1")
    log = logs.request(station=station, by=None)
    answer(log, tell, payload='{"status":"Rejected"}')
    assert state(log) == ("failed", "Refused")


def test_a_raw_call_has_no_request_of_ours(online, tell):
    command = commands.raw_call(
        station=online, action="GetDiagnostics", payload='{"location":"ftp://nowhere"}', by=None
    )
    tell(CommandSettled(ref(online), command.pk, "result", '{"fileName":"x"}'))
    assert Command.objects.get().status == "accepted"
    assert not LogRequest.objects.exists()


# ---- sweeps ------------------------------------------------------------------------------------------------------


def test_an_upload_that_never_comes_is_given_up(log):
    assert logs.give_up(now=NOON + timedelta(hours=5)) == 0
    assert logs.give_up(now=NOON + timedelta(hours=7)) == 1
    assert state(log) == ("failed", "NoNews")


def test_old_files_go_with_their_rows(log, client, media):
    client.put(upload(log), b"x", content_type="text/plain")
    assert logs.retire(before=NOON - timedelta(days=1)) == 0
    assert logs.retire(before=NOON + timedelta(days=1)) == 1
    assert (files(media), LogRequest.objects.count()) == ([], 0)
