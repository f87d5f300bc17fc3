"""What a charge has cost, asked of the room above through `settings.SESSION_PRICER`."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from sessions_app.models import ChargingSession

logger = logging.getLogger(__name__)


class Cost(Protocol):
    """`total_incl_vat` is rounded as on the receipt; None: nobody knows the taxes."""

    @property
    def total_incl_vat(self) -> Decimal | None: ...


Pricer = Callable[[Sequence[ChargingSession]], Mapping[int, Cost]]


def totals(session_ids: Collection[int]) -> dict[int, Decimal]:
    """Including VAT, as on the receipt, by session. 0 is explicitly free; left out is unknown (2.0.1 E02).

    Whatever is wrong with a price, a station's stop is never refused for it: the station shows no total then.
    """
    if not session_ids or not settings.SESSION_PRICER:
        return {}
    price: Pricer = import_string(settings.SESSION_PRICER)
    sessions = ChargingSession.objects.filter(pk__in=session_ids).select_related("location", "operator")
    try:
        with transaction.atomic():
            costs = price(list(sessions))
    except Exception:  # the outermost loop of another room's work
        logger.exception("no totals for %d ended sessions", len(session_ids))
        return {}
    return {pk: cost.total_incl_vat for pk, cost in costs.items() if cost.total_incl_vat is not None}
