"""What the page behind a sticker says: one situation out of eight, each with its own next step (ux.md, `/c/<evse-id>`)."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise

from cms.portal import states, texts
from cms.portal.rides import Ride
from cms.portal.selectors.evses import EvseNow


class Situation(StrEnum):
    YOURS = "yours"
    FREE = "free"
    PLUGGED = "plugged"
    BUSY = "busy"
    RESERVED = "reserved"
    OUT = "out"
    OFFLINE = "offline"


_OF_STATE = {
    states.AVAILABLE: Situation.FREE,
    states.CHARGING: Situation.BUSY,
    states.OCCUPIED: Situation.BUSY,
    states.RESERVED: Situation.RESERVED,
    states.UNAVAILABLE: Situation.OUT,
    states.FAULTED: Situation.OUT,
    states.OFFLINE: Situation.OFFLINE,
}


@dataclass(frozen=True, slots=True)
class Landing:
    """`ride` is my own charge or start on this EVSE, if there is one; `awaited`: somebody else's start waits for its car."""

    now: EvseNow
    situation: Situation
    ride: Ride | None = None
    awaited: bool = False

    @property
    def can_start(self) -> bool:
        return self.situation in {Situation.FREE, Situation.PLUGGED}

    @property
    def needs_another(self) -> bool:
        return self.situation in {Situation.BUSY, Situation.RESERVED, Situation.OUT, Situation.OFFLINE}

    @property
    def fault(self) -> Promise | None:
        """A known fault in plain words."""
        return next((texts.FAULT[c.error_code] for c in self.now.connectors if c.error_code in texts.FAULT), None)


def at(now: EvseNow, *, ride: Ride | None, awaited: bool = False) -> Landing:
    """A cable without a charge is an invitation to start; a charge of mine beats whatever the connector says."""
    if ride is not None:
        return Landing(now, Situation.YOURS, ride)
    situation = Situation.PLUGGED if now.state == states.OCCUPIED and now.plugged else _OF_STATE[now.state]
    if awaited and situation in {Situation.FREE, Situation.PLUGGED}:
        return Landing(now, Situation.BUSY, awaited=True)
    return Landing(now, situation)
