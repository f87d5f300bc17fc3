"""The mails of the demo: files, listed and shown; nothing of it exists in a real system."""

from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from django.test import Client

pytestmark = pytest.mark.urls("tests.cms.demo_urls")


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.DEMO = True
    settings.EMAIL_FILE_PATH = str(tmp_path)
    return tmp_path


def send(subject: str, *, html: str = "", attachment: bytes = b"") -> None:
    connection = get_connection("django.core.mail.backends.filebased.EmailBackend")
    mail = EmailMultiAlternatives(
        subject, "Ciao Dario,\nil totale è 6,74 €.", "noreply@x.example", ["dario@driver.example"]
    )
    if html:
        mail.attach_alternative(html, "text/html")
    if attachment:
        mail.attach("ricevuta-7.pdf", attachment, "application/pdf")
    connection.send_messages([mail])


def key_of(client: Client) -> str:
    return client.get("/demo/mail/").context["mails"][0].key


def test_an_empty_mailbox_says_so(client: Client, folder: Path, db: None) -> None:
    answer = client.get("/demo/mail/?lang=en")
    assert answer.status_code == 200
    assert answer.context["mails"] == []


def test_mails_are_listed_and_read(client: Client, folder: Path, db: None) -> None:
    send("La tua ricevuta – 6,74 €")
    page = client.get("/demo/mail/").content.decode()
    assert "La tua ricevuta – 6,74 €" in page
    assert "dario@driver.example" in page
    text = client.get(f"/demo/mail/{key_of(client)}/").content.decode()
    assert "il totale è 6,74 €." in text


def test_an_attachment_is_handed_out(client: Client, folder: Path, db: None) -> None:
    send("Ricevuta", attachment=b"%PDF-1.7")
    answer = client.get(f"/demo/mail/{key_of(client)}/files/0/")
    assert answer.content == b"%PDF-1.7"
    assert answer.headers["Content-Type"] == "application/pdf"
    assert client.get(f"/demo/mail/{key_of(client)}/files/1/").status_code == 404


def test_the_html_of_a_mail_may_only_be_looked_at(client: Client, folder: Path, db: None) -> None:
    send("Ricevuta", html='<p style="color:red">6,74 €</p><script>alert(1)</script>')
    answer = client.get(f"/demo/mail/{key_of(client)}/html/")
    assert "6,74 €" in answer.content.decode()
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'none'" in policy
    assert "sandbox allow-popups" in policy


def test_a_mail_that_is_not_there_is_not_found(client: Client, folder: Path, db: None) -> None:
    for key in ("nothing-0", "..%2f..%2fetc%2fpasswd-0"):
        assert client.get(f"/demo/mail/{key}/").status_code == 404


def test_without_the_demo_there_are_no_mails_to_read(client: Client, folder: Path, settings: Any, db: None) -> None:
    send("Ricevuta")
    settings.DEMO = False
    assert client.get("/demo/mail/").status_code == 404


@pytest.mark.urls("cms.urls")
def test_a_real_system_has_no_such_address(client: Client, db: None) -> None:
    assert client.get("/demo/mail/").status_code == 404
