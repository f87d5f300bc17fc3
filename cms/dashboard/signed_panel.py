"""What the meter signed about a charge, on the operator's page of it."""

from typing import Any, Final

from accounts import access
from accounts.models import User
from cms import sworn
from sessions_app.models import ChargingSession
from sessions_app.selectors import proof

READERS: Final = ("messages.view", "driver.view")


def of(session: ChargingSession, reader: User) -> dict[str, Any]:
    """Empty for a charge without signed records; a handful of queries for one with them. The records name the card: only who
    may read messages or look after drivers sees them, or the address of the public page."""
    token = proof.token_of(session.pk)
    if not token:
        return {}
    may_read = any(access.can(reader, right, session) for right in READERS)
    return {"panel": sworn.panel(proof.of_session(session.pk), session.energy), "token": token if may_read else ""}
