"""Whatever stands in the address of a list, the answer is a list: nothing typed there reaches PostgreSQL as a NUL."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client

from accounts.models import User

NASTY = ["%00", "a%00b", "%F0%9F%98%80", "9" * 30, "-1", "%27%22%3Cscript%3E", "%C2%B2", "2026-13-45", "x" * 3000]


@pytest.mark.parametrize(
    "address",
    [
        "/ops/sessions/?search=",
        "/ops/sessions/?site=",
        "/ops/sessions/?page=",
        "/ops/drivers/?search=",
        "/ops/tokens/?search=",
        "/ops/tokens/?status=",
        "/ops/billing/invoices/?search=",
        "/ops/billing/invoices/?kind=",
        "/ops/cdrs/?page=",
        "/ops/reports/energy/?site=",
        "/ops/reports/usage/?format=csv&range=",
    ],
)
def test_nothing_typed_breaks_a_list(client: Client, olga: User, address: str) -> None:
    client.force_login(olga)
    answers = {text: client.get(address + text).status_code for text in NASTY}
    assert answers == dict.fromkeys(NASTY, 200)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("sessions", "search"), ("sessions", "site"), ("invoices", "search"), ("invoices", "since"), ("charges", "until")],
)
def test_nothing_typed_breaks_a_file(
    client: Client, olga: User, settings: Any, tmp_path: Path, kind: str, name: str
) -> None:
    settings.MEDIA_ROOT = tmp_path
    client.force_login(olga)
    for text in (unquote(text) for text in NASTY):
        answer = client.post("/ops/billing/exports/start/", {"kind": kind, "preset": "csv_it", name: text}, follow=True)
        assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
