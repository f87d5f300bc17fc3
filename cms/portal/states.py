"""One state out of several: of an EVSE from its connectors, of a place from its EVSEs. Tokens and words are `ui`'s."""

from collections.abc import Iterable

from cms.templatetags import ui

AVAILABLE, CHARGING, OCCUPIED, RESERVED = "available", "charging", "occupied", "reserved"
UNAVAILABLE, FAULTED, OFFLINE = "unavailable", "faulted", "offline"

# An EVSE charges one car at a time: a car at one of its connectors says more than a free or broken neighbour.
_STRONGEST = (CHARGING, OCCUPIED, RESERVED, AVAILABLE, FAULTED, UNAVAILABLE, OFFLINE)
# A place looks like the best that a driver who comes now will find there.
_BEST = (AVAILABLE, CHARGING, OCCUPIED, RESERVED, OFFLINE, UNAVAILABLE, FAULTED)


def of_evse(statuses: Iterable[str], *, online: bool, charging: bool = False) -> str:
    """`charging`: its transaction delivers energy (2.0.1 calls the connector merely Occupied)."""
    seen = {ui.state_token(status, online, charging) for status in statuses} or {OFFLINE}
    return next(state for state in _STRONGEST if state in seen)


def of_place(states: Iterable[str]) -> str:
    seen = set(states) or {OFFLINE}
    return next(state for state in _BEST if state in seen)
