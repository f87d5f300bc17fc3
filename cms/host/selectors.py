"""What a host sees of a site: its sockets now, the month beside the last one, what it earns, when it is busy."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from billing.models import HostStatement
from billing.selectors import months, shares
from billing.selectors.shares import Sums
from billing.services.month_end import statements
from cms.dashboard.selectors import states
from stations.models import Connector, Location

BROKEN = ("faulted", "unavailable", "offline")
SHOWN = 12  # months of the chart


@dataclass(frozen=True, slots=True)
class Now:
    """`connectors` carry `state`, the broken ones first."""

    connectors: Sequence[Any]
    counts: dict[str, int]

    @property
    def broken(self) -> int:
        return sum(self.counts.get(state, 0) for state in BROKEN)

    @property
    def charging(self) -> int:
        return self.counts.get("charging", 0)


@dataclass(frozen=True, slots=True)
class Month:
    """`earned` is the host's part without VAT: of the statement, or what it would come to now. None: nothing was agreed."""

    month: date
    sums: Sums
    earned: Decimal | None


def now(location: Location) -> Now:
    mine = Connector.objects.filter(evse__station__location=location, evse__station__archived_at=None)
    found = list(states.with_state(mine).select_related("evse__station"))
    found.sort(key=lambda one: (one.state not in BROKEN, one.evse.station.identity, one.evse.evse_id, one.connector_id))
    return Now(found, Counter(one.state for one in found))


def month(location: Location, on: date) -> Month:
    sums = shares.of_month(location.operator, location, on)
    written = HostStatement.objects.filter(location=location, month=on).first()
    earned = written.total if written else statements.foresee(location=location, month=on)
    return Month(on, sums, earned)


def earlier(location: Location, email: str, until: date) -> list[HostStatement]:
    """This host's statements of the months that the chart shows, oldest first."""
    since = months.after(until, 1 - 2 * SHOWN)
    mine = shares.written_to(location.operator, email).filter(location=location)
    return list(mine.filter(month__gte=since, month__lt=until).order_by("month"))
