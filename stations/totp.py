"""The changing part of a QR code on a station's screen (OCPP 2.1 C25, WebPaymentsCtrlr): TOTP version 1. Pure.

interval = floor(unix time / ValidityTime) as eight bytes, big-endian; HMAC-SHA256 under the shared secret; then one sign of the
alphabet for each byte of the hash, beginning where the hash's last four bits say.
"""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass

DIGITS_AND_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
WITHOUT_O = DIGITS_AND_LETTERS.replace("o", "")
"""Both listings in the 2.1 specification forget the letter, the white paper of its authors does not: there are stations of
either kind."""

WINDOW = (0, -1, 1)  # this interval, the one before, the next: clocks differ, and people need a moment to scan
LONGEST = 32  # bytes of the hash


@dataclass(frozen=True, slots=True)
class Settings:
    """As WebPaymentsCtrlr has them: `validity_s` ValidityTime, `length` Length, `secret` SharedSecret."""

    secret: str
    validity_s: int = 60
    length: int = 8
    alphabet: str = DIGITS_AND_LETTERS


def code(settings: Settings, interval: int) -> str:
    digest = hmac.new(settings.secret.encode(), interval.to_bytes(8, "big"), hashlib.sha256).digest()
    offset = digest[-1] & 0x0F
    signs = (digest[(offset + place) % len(digest)] for place in range(settings.length))
    return "".join(settings.alphabet[sign % len(settings.alphabet)] for sign in signs)


def interval_at(settings: Settings, unix_seconds: int) -> int:
    return unix_seconds // settings.validity_s


def intervals(settings: Settings, given: str, *, unix_seconds: int) -> list[int]:
    """The intervals around now whose code was given: none for a wrong or an old one. Either alphabet will do."""
    now = interval_at(settings, unix_seconds)
    return [now + step for step in WINDOW if now + step >= 0 and _fits(settings, given, now + step)]


def _fits(settings: Settings, given: str, interval: int) -> bool:
    shown = given.encode()
    return any(hmac.compare_digest(code(each, interval).encode(), shown) for each in _spellings(settings))


def _spellings(settings: Settings) -> Iterator[Settings]:
    for alphabet in (DIGITS_AND_LETTERS, WITHOUT_O):
        yield Settings(settings.secret, settings.validity_s, settings.length, alphabet)
