"""When a place is usually busy: the operator's roll-up of 90 days, as a driver can use it."""

from dataclasses import dataclass

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from cms import charts
from cms.reports import selectors
from cms.reports.filters import Filters
from stations.models import Location

ENOUGH_CELLS = 7 * 12  # half a week's hours seen; before that a picture would mislead
RANGE = "90"


@dataclass(frozen=True, slots=True)
class Busy:
    chart: charts.Chart
    answer: str


def hours(location: Location) -> Busy | None:
    """None while there is too little history, or nobody ever came."""
    cells = selectors.usage(Filters(location.operator, location, RANGE))
    known = [(value, day, hour) for day, row in enumerate(cells) for hour, value in enumerate(row) if value is not None]
    if len(known) < ENOUGH_CELLS or not max(known)[0]:
        return None
    _share, day, hour = max(known)
    answer = _("Usually busiest on %(day)s at %(hour)s.") % {"day": WEEKDAYS[day], "hour": f"{hour:02d}:00"}
    return Busy(charts.heatmap(cells, unit=_("of the sockets have a car")), answer)
