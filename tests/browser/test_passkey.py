"""Signing up and in with a passkey, under our content security policy, with an authenticator inside the browser."""

import re

import pytest
from django.core import mail
from django.core.cache import cache
from playwright.sync_api import Page, expect

from accounts.models import User

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the page's console complains about: blocked scripts, broken code."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def test_a_passkey_opens_an_account_and_opens_it_again(page: Page, live_server, complaints: list[str]) -> None:
    cache.clear()
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})

    page.goto(f"{live_server.url}/accounts/signup/passkey/?next=/offline/")
    page.fill("[name=email]", "dora@driver.example")
    page.click("form.fields button.primary")
    code = re.search(r"^    (\S+)$", mail.outbox[-1].body, re.MULTILINE)
    assert code
    page.fill("[name=code]", code[1])
    page.click("form.fields button.primary")
    page.fill("[name=name]", "Phone")
    page.click("#mfa_webauthn_signup")
    expect(page).to_have_url(f"{live_server.url}/offline/")
    assert not User.objects.get().has_usable_password()

    page.context.clear_cookies()
    page.goto(f"{live_server.url}/accounts/login/?next=/offline/")
    page.click("#passkey_login")
    expect(page).to_have_url(f"{live_server.url}/offline/")
    assert complaints == []
