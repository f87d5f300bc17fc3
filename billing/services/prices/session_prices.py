"""Writing down the price that a session begins with."""

from collections.abc import Iterable, Mapping

from django.db import transaction

from billing.models import SessionPrice
from billing.selectors import session_prices
from billing.selectors.session_prices import Agreed
from cms.core import rows
from sessions_app.models import ChargingSession

_COLUMNS = ("session_id", "at", "asked", "assignment_id", "version_id", "who", "place")


@transaction.atomic
def keep(*, session_ids: Iterable[int]) -> int:
    """Behind `session_started`. Returns how many were new; a second time is boring. What this misses, rating makes up for."""
    sessions = list(ChargingSession.objects.ours().filter(pk__in=list(session_ids)).order_by("pk"))
    return write(session_prices.of(sessions))


def write(agreed: Mapping[int, Agreed]) -> int:
    """What is not kept yet, or has changed because a start was corrected."""
    new = [
        (
            session,
            price.at,
            price.asked,
            price.assignment_id,
            price.version.pk if price.version else None,
            session_prices.who_text(price.who),
            session_prices.place_text(price.place),
        )
        for session, price in agreed.items()
        if not price.kept
    ]
    return rows.upsert(SessionPrice, _COLUMNS, new, key=("session_id",), update=_COLUMNS[1:]) if new else 0
