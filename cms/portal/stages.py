"""The stages of a start and of a stop. Green ("seen") only when the effect was seen, never for an answer alone."""

import json
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cms.portal import texts
from cms.portal.rides import Ride
from sessions_app.models import ChargingSession, StartRequest
from stations.models import Command

DONE, NOW, SEEN, FAILED, AHEAD = "done", "now", "seen", "failed", ""
FAILURES = frozenset({Command.Status.REJECTED, Command.Status.ERROR, Command.Status.TIMEOUT})


@dataclass(frozen=True, slots=True)
class Stage:
    """`kind` is the class of `.steps`: done, now, seen, failed, or "" for what lies ahead."""

    kind: str
    word: Promise | str


def of_start(ride: Ride) -> list[Stage]:
    """Asked, charger, car, energy. A charge begun with a card was never asked for here: its card was accepted."""
    session = ride.session
    flowing = session is not None and (session.energy > 0 or (session.power_w or 0) > 0)
    car = SEEN if session else AHEAD
    energy = SEEN if flowing else NOW if session else AHEAD
    if ride.start is None:
        asked, charger = (SEEN, gettext_lazy("Card accepted")), SEEN
    else:
        held = ride.adhoc is not None and ride.adhoc.hold
        asked, charger = (
            (SEEN, gettext_lazy("Card held") if held else gettext_lazy("Asked")),
            _charger(ride.start, started=session is not None),
        )
        if charger == SEEN and session is None:
            car = FAILED if ride.start.status == StartRequest.Status.EXPIRED else NOW
    return [
        Stage(*asked),
        Stage(charger, gettext_lazy("Charger ready")),
        Stage(car, gettext_lazy("Car connected")),
        Stage(energy, gettext_lazy("Energy flows")),
    ]


def _charger(start: StartRequest, *, started: bool) -> str:
    if started or start.command.status == Command.Status.ACCEPTED:
        return SEEN
    return FAILED if start.command.status in FAILURES or start.status == StartRequest.Status.REFUSED else NOW


def start_failure(ride: Ride, *, now: datetime) -> Promise | str:
    """Why nothing started, "" while there is hope. A card that was refused after the start counts, too."""
    if ride.session is not None:
        return _card_refused(ride.session)
    start = ride.start
    assert start is not None
    if start.command.status in FAILURES:
        return texts.START[start.command.status]
    if start.status == StartRequest.Status.REFUSED:
        return texts.START_REFUSED
    if start.status == StartRequest.Status.EXPIRED or start.expires_at <= now:
        return texts.NO_CAR if start.command.status == Command.Status.ACCEPTED else texts.START_UNANSWERED
    return ""


def _card_refused(session: ChargingSession) -> Promise | str:
    """The place where the card is in use is named where we know it."""
    said = texts.CARD.get(session.authorization, "")
    if session.authorization != "ConcurrentTx" or session.token is None:
        return said
    elsewhere = session.token.sessions.active().exclude(pk=session.pk).select_related("location").first()
    place = elsewhere.location if elsewhere else None
    return texts.IN_USE_AT % {"place": place.name} if place else said


def of_stop(stop: Command, *, ended: bool) -> list[Stage]:
    """Asked, accepted by the charger, really stopped."""
    failed = stop.status in FAILURES and not ended
    accepted = stop.status == Command.Status.ACCEPTED or ended
    charger = DONE if accepted else FAILED if failed else NOW
    return [
        Stage(DONE, _("Asked to stop")),
        Stage(charger, _("Accepted by the charger")),
        Stage(SEEN if ended else NOW if accepted else AHEAD, _("Stopped, cable free")),
    ]


def stop_failure(stop: Command | None, *, ended: bool) -> Promise | str:
    return texts.STOP.get(stop.status, "") if stop and not ended else ""


def transaction_of(stop: Command) -> str | None:
    """Which transaction a RequestStop is about."""
    return json.loads(stop.arguments).get("transaction_id")
