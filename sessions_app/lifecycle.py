"""What may become of a session. It runs until some evidence ends it, and an ended session never runs again."""

from typing import Final

ACTIVE: Final = "active"
COMPLETED: Final = "completed"

# (status, kind of evidence) → status. What is not listed changes nothing.
TRANSITIONS = {
    (ACTIVE, "ended"): COMPLETED,  # the station's own stop
    (ACTIVE, "bounded"): COMPLETED,  # a later start on the same EVSE: the stop was lost (quirk 36)
    (ACTIVE, "closed"): COMPLETED,  # a person closed it in our books
}


def after(status: str, kind: str) -> str:
    """The status once that evidence is in."""
    return TRANSITIONS.get((status, kind), status)
