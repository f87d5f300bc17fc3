"""The stations' Basic-auth passwords (OCPP security profiles 1 and 2): set, shown once, verified cheaply."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from urllib.parse import unquote_to_bytes

from django.utils.translation import gettext as _

from cms.core.errors import Invalid
from stations.models import ChargingStation, StationCredential

MAX_LENGTH = 64  # OCPP 2.1's field; 1.6 knows 40, 2.0.1 as well
_HEX_KEY = re.compile(rb"(?:[0-9A-Fa-f]{2}){16,20}")


def new_password() -> str:
    """160 random bits as 40 hex digits: fits 1.6's AuthorizationKey and 2.x's BasicAuthPassword."""
    return secrets.token_hex(20).upper()


def store(*, station: ChargingStation, password: str) -> None:
    """Only a salted hash is kept. A short password is taken: stations in the field have them (quirk 10)."""
    if not 1 <= len(password) <= MAX_LENGTH or not password.isprintable():
        raise Invalid({"password": [_("1 to %(most)d printable characters.") % {"most": MAX_LENGTH}]})
    salt = secrets.token_hex(16)
    StationCredential.objects.update_or_create(
        station=station, defaults={"salt": salt, "digest": hashed(salt, password.encode())}
    )


def hashed(salt: str, secret: bytes) -> str:
    return hashlib.sha256(salt.encode() + secret).hexdigest()


def presented(authorization: bytes | None, identity: str) -> bytes | None:
    """The password of `Authorization: Basic` for this identity as bytes, None for anything else.

    User name = identity, percent-decoded; the password is whatever follows the colon, colons included (ocpp16 §10).
    """
    scheme, _blank, text = (authorization or b"").strip().partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        decoded = base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        return None
    name = identity.encode()
    if decoded.startswith(name + b":"):
        return decoded[len(name) + 1 :]
    user, _colon, password = decoded.partition(b":")
    return password if unquote_to_bytes(user) == name else None


def matches(salt: str, digest: str, secret: bytes) -> bool:
    """Literally, or as the raw bytes of a hex key, whichever of the two the station was given (quirk 10)."""
    spelt = {secret, secret.hex().encode(), secret.hex().upper().encode()}
    if _HEX_KEY.fullmatch(secret):
        spelt |= {secret.lower(), secret.upper()}
    return any(hmac.compare_digest(hashed(salt, each), digest) for each in spelt)
