"""Whatever stands in the address of a list, the answer is a list: nothing typed there reaches PostgreSQL as a NUL."""

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
        "/ops/sessions/export/?search=",
        "/ops/drivers/?search=",
        "/ops/tokens/?search=",
        "/ops/tokens/?status=",
        "/ops/invoices/?search=",
        "/ops/invoices/?kind=",
        "/ops/invoices/export/?search=",
        "/ops/invoices/export/?since=",
        "/ops/cdrs/?page=",
        "/ops/cdrs/export/?until=",
        "/ops/reports/energy/?site=",
        "/ops/reports/usage/?format=csv&range=",
    ],
)
def test_nothing_typed_breaks_a_list(client: Client, olga: User, address: str) -> None:
    client.force_login(olga)
    answers = {text: client.get(address + text).status_code for text in NASTY}
    assert answers == dict.fromkeys(NASTY, 200)
