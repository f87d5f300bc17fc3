"""Where else: what a page offers when a socket cannot be had."""

from dataclasses import dataclass
from datetime import datetime

from cms.portal import states
from cms.portal.selectors import nearness, places
from cms.portal.selectors.evses import EvseNow
from cms.portal.selectors.places import Place, Wish
from cms.portal.selectors.prices import Asker


@dataclass(frozen=True, slots=True)
class Alternative:
    """A free EVSE to send somebody to; `here`: at the same location, `beside`: on the same station."""

    place: Place
    seen: EvseNow
    here: bool
    beside: bool


def to(seen: EvseNow, *, at: datetime, asker: Asker) -> Alternative | None:
    """The nearest free EVSE with the same plug: on this station, else on another one here, else at another listed place."""
    here = seen.evse.station.location
    wish = Wish(standards=seen.standards, free=True, near=nearness.point_of(here) if here else None)
    nearby = places.described([here.pk], at=at, asker=asker) if here and here.archived_at is None else []
    if wish.near is not None or not here:
        nearby += places.search(wish, at=at, asker=asker, rows=3).places
    for place in nearby:
        for other in sorted(place.evses, key=lambda e: e.evse.station_id != seen.evse.station_id):
            fits = not wish.standards or set(other.standards) & set(wish.standards)
            if other.evse.pk != seen.evse.pk and other.state == states.AVAILABLE and fits:
                at_hand = here is not None and place.location.pk == here.pk
                return Alternative(place, other, at_hand, other.evse.station_id == seen.evse.station_id)
    return None
