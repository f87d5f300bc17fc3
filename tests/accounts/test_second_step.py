"""An authenticator app as the second step, and its secrets in our database."""

import base64
import hashlib
import hmac
import struct
import time

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.test import Client, override_settings

from accounts.adapters import MFAAdapter
from accounts.models import Driver

PASSWORD = "correct horse battery"


def totp(secret: str) -> str:
    """RFC 6238: six digits, 30 s, SHA-1."""
    counter = struct.pack(">Q", int(time.time() // 30))
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


@pytest.fixture
def protected(client: Client, dario: Driver) -> str:
    """Dario's account with an authenticator app; gives its secret. The client is signed out again."""
    EmailAddress.objects.create(user=dario.user, email=dario.user.email, verified=True, primary=True)
    sign_in(client)
    assert client.get("/accounts/2fa/totp/activate/")["Location"].startswith("/accounts/reauthenticate/")
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get("/accounts/2fa/totp/activate/")
    secret = page.context["form"].secret
    assert client.post("/accounts/2fa/totp/activate/", {"code": totp(secret)}).status_code == 302
    client.post("/accounts/logout/")
    return str(secret)


def sign_in(client: Client):
    return client.post("/accounts/login/", {"login": "dario@driver.example", "password": PASSWORD})


def test_the_password_alone_no_longer_opens(client: Client, protected: str) -> None:
    assert sign_in(client)["Location"].startswith("/accounts/2fa/authenticate/")
    assert "_auth_user_id" not in client.session
    assert client.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert "_auth_user_id" not in client.session


def test_a_recovery_code_opens_once(client: Client, protected: str) -> None:
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    sign_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": codes[0]})
    assert "_auth_user_id" in client.session
    client.post("/accounts/logout/")
    sign_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": codes[0]})
    assert "_auth_user_id" not in client.session


def test_the_secret_is_not_readable_in_the_database(protected: str) -> None:
    stored = Authenticator.objects.get(type="totp").data["secret"]
    assert protected not in stored
    assert MFAAdapter().decrypt(stored) == protected


def test_a_new_secret_key_still_reads_what_the_old_one_wrote(settings) -> None:
    written = MFAAdapter().encrypt("seed")
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert MFAAdapter().decrypt(written) == "seed"
        assert MFAAdapter().decrypt(MFAAdapter().encrypt("other")) == "other"
