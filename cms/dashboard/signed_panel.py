"""What the meter signed about a charge, on the operator's page of it."""

from typing import Any

from cms import sworn
from sessions_app.models import ChargingSession
from sessions_app.selectors import proof


def of(session: ChargingSession) -> dict[str, Any]:
    """Empty for a charge without signed records; three queries more for one with them."""
    token = proof.token_of(session.pk)
    if not token:
        return {}
    return {"panel": sworn.panel(proof.of_session(session.pk), session.energy), "token": token}
