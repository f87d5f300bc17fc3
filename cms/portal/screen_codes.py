"""Stations whose QR code changes on their screen: who may go on to pay, and who has to scan again (OCPP 2.1 C25)."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest

from billing.services.cards import adhoc
from cms.portal import pocket
from stations.models import EVSE
from stations.services import dynamic_codes

PARAMETER = "totp"


@dataclass(frozen=True, slots=True)
class Entry:
    """`open`: this visitor may see how to pay. `interval`: the changing code they came with, spent when they pay. `fresh`: it has
    just come with the address, so that the phone has to remember it."""

    open: bool
    interval: int | None = None
    fresh: bool = False


def entry(request: HttpRequest, evse: EVSE, *, at: datetime) -> Entry:
    """Whoever is signed in pays by account and came by our own pages: no sticker can lead them astray."""
    if dynamic_codes.of(evse.station) is None or request.user.is_authenticated:
        return Entry(open=True)
    given = request.GET.get(PARAMETER, "")
    interval = dynamic_codes.read(evse=evse, given=given, at=at)
    if interval is not None:
        return Entry(open=True, interval=interval, fresh=True)
    scan = pocket.scan(request, evse)
    if scan is None:
        return Entry(open=False)
    spent = dynamic_codes.spent(evse=evse, interval=scan.interval)
    return Entry(open=not spent or _paying(request, evse, at), interval=scan.interval)


def _paying(request: HttpRequest, evse: EVSE, at: datetime) -> bool:
    """Was it spent by this very phone, which is on its way back to the card?"""
    return adhoc.opened(evse, pocket.charges(request), at) is not None
