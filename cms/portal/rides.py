"""A ride is a charge as its driver meets it: from the tap on Start (a StartRequest) to the receipt (a ChargingSession).

A charge begun with a card at the station has no StartRequest; its page is /history/<id>/ instead of /s/<token>/. One without an
account has an AdhocCharge, whose secret opens its page to whoever has it.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.urls import reverse

from accounts.models import User
from billing.models import AdhocCharge
from cms.portal.selectors import mine
from sessions_app.models import ChargingSession, StartRequest
from stations.models import EVSE, ChargingStation, Location


@dataclass(frozen=True, slots=True)
class Ride:
    """At least one of `start` and `session` is there."""

    start: StartRequest | None
    session: ChargingSession | None
    adhoc: AdhocCharge | None = None

    @property
    def station(self) -> ChargingStation:
        return self._either.station

    @property
    def evse_id(self) -> int | None:
        return self._either.evse_id

    @property
    def location(self) -> Location | None:
        return self.session.location if self.session else self.station.location

    @property
    def running(self) -> bool:
        return self.session is not None and self.session.status == ChargingSession.Status.ACTIVE

    @property
    def ended(self) -> bool:
        return self.session is not None and not self.running

    @property
    def begun_at(self) -> datetime:
        if self.session:
            return self.session.started_at
        assert self.start is not None
        return self.start.created_at

    @property
    def topics(self) -> str:
        """What the page listens to; the start's topic tells when a session is born from it."""
        start = f"start:{self.start.public_token}" if self.start else ""
        session = f"session:{self.session.pk}" if self.session else ""
        return f"{start} {session}".strip()

    @property
    def url(self) -> str:
        return self._url("live", "charge")

    @property
    def stop_url(self) -> str:
        return self._url("stop", "charge-stop")

    @property
    def done_url(self) -> str:
        return self._url("done", "charge")

    @property
    def stars_url(self) -> str:
        return self._url("stars", "charge-stars")

    @property
    def _either(self) -> StartRequest | ChargingSession:
        either = self.session or self.start
        assert either is not None
        return either

    def _url(self, by_token: str, by_session: str) -> str:
        if self.adhoc:
            return reverse(f"portal:{by_token}", args=[self.adhoc.public_token])
        if self.start:
            return reverse(f"portal:{by_token}", args=[self.start.public_token])
        assert self.session is not None
        return reverse(f"portal:{by_session}", args=[self.session.pk])


def by_token(user: User, token: str) -> Ride | None:
    start = mine.starts(user).filter(public_token=token).first()
    return Ride(start, start.session) if start else None


def known(token: str) -> bool:
    """Is it anybody's? Who has to sign in for it is told so only then."""
    return StartRequest.objects.filter(public_token=token).exists()


def of_adhoc(charge: AdhocCharge) -> Ride | None:
    """None before the charger was asked for anything."""
    return Ride(charge.start, charge.start.session, charge) if charge.start else None


def by_session(user: User, pk: int) -> Ride | None:
    session = mine.sessions(user).filter(pk=pk).first()
    return Ride(_start_of(user, session), session) if session else None


def under_way(user: User, *, at: datetime) -> list[Ride]:
    """Running charges, newest first, then starts that wait for their car: two queries."""
    sessions = list(mine.sessions(user).active().order_by("-started_at")[:5])
    waiting = Q(status=StartRequest.Status.WAITING, expires_at__gt=at)
    starts = list(mine.starts(user).filter(waiting | Q(session__in=sessions)).order_by("-pk")[:10])
    born = {start.session_id: start for start in starts if start.session_id}
    return [Ride(born.get(session.pk), session) for session in sessions] + [
        Ride(start, None) for start in starts if start.session_id is None
    ]


def evse_of(ride: Ride) -> EVSE | None:
    rows = EVSE.objects.filter(station=ride.station, evse_id=ride.evse_id or 0).select_related("station__location")
    return rows.prefetch_related("connectors").first()


def _start_of(user: User, session: ChargingSession) -> StartRequest | None:
    return mine.starts(user).filter(session=session).order_by("-pk").first()
