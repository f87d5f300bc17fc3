"""What the phone in somebody's pocket remembers without an account: the secrets of its own charges, and that it has scanned a
changing code. Signed cookies, so that nobody writes himself one; nothing of it is kept with us."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from stations.models import EVSE

CHARGES, SCANNED = "charges", "scanned"
MOST = 5
CHARGES_LIVE_S = 3 * 86_400
SCAN_LIVES_S = 600  # the time to read a price and find a card; then the screen shows another code


@dataclass(frozen=True, slots=True)
class Scan:
    """Which socket's code was scanned, and the interval it stands for."""

    evse: int
    interval: int


def charges(request: HttpRequest) -> list[str]:
    """Secret tokens, newest first."""
    known = _read(request, CHARGES, CHARGES_LIVE_S)
    return [token for token in known if isinstance(token, str)][:MOST] if isinstance(known, list) else []


def keep_charge(answer: HttpResponse, request: HttpRequest, token: str) -> HttpResponse:
    others = [known for known in charges(request) if known != token]
    return _write(answer, CHARGES, [token, *others][:MOST], CHARGES_LIVE_S)


def scan(request: HttpRequest, evse: EVSE) -> Scan | None:
    """The scan of this very socket, while it is fresh."""
    known = _read(request, SCANNED, SCAN_LIVES_S)
    if isinstance(known, list) and len(known) == 2 and known[0] == evse.pk and isinstance(known[1], int):
        return Scan(evse.pk, known[1])
    return None


def keep_scan(answer: HttpResponse, evse: EVSE, interval: int) -> HttpResponse:
    return _write(answer, SCANNED, [evse.pk, interval], SCAN_LIVES_S)


def _read(request: HttpRequest, name: str, lives_s: int) -> Any:
    try:
        return signing.loads(request.COOKIES.get(name, ""), salt=f"portal.{name}", max_age=lives_s)
    except signing.BadSignature:
        return None


def _write(answer: HttpResponse, name: str, value: Any, lives_s: int) -> HttpResponse:
    answer.set_cookie(
        name,
        signing.dumps(value, salt=f"portal.{name}"),
        max_age=lives_s,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return answer
