"""The overview's sentences and its table of today."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Operator
from cms.charts import BandPoint
from cms.charts.svg import NB
from cms.dashboard.selectors import overview
from cms.templatetags import figures

SERVES = ("available", "charging", "occupied", "reserved")  # a driver can be served, now or next


def network(fresh: int, in_hand: int, size: int) -> tuple[str, str]:
    """The headline: the answer, and its context."""
    more = ngettext("%(n)s more is already in hand.", "%(n)s more are already in hand.", in_hand) % {"n": in_hand}
    if fresh:
        answer = ngettext("%(n)s of %(all)s chargers needs you.", "%(n)s of %(all)s chargers need you.", fresh) % {
            "n": figures.number(fresh),
            "all": figures.number(size),
        }
        return answer, more if in_hand else ""
    calm = ngettext("%(all)s charger, and nothing needs you.", "%(all)s chargers, and nothing needs you.", size)
    return calm % {"all": figures.number(size)}, more if in_hand else ""


def ribbon(counts: Mapping[str, int]) -> str:
    total = sum(counts.values())
    if not total:
        return _("No connector has reported yet.")
    serve = sum(counts.get(state, 0) for state in SERVES)
    return _("%(share)s of %(all)s connectors can serve a driver; charging: %(charging)s.") % {
        "share": f"{figures.number(Decimal(100) * serve / total)}{NB}%",
        "all": figures.number(total),
        "charging": figures.number(counts.get("charging", 0)),
    }


def band_words(local: datetime) -> tuple[str, str]:
    return _("Usual range,"), _("last 8 %(day)ss") % {"day": WEEKDAYS[local.weekday()]}


def power(points: Sequence[BandPoint], local: datetime) -> str:
    """Is delivery normal for this hour?"""
    usual = next((p for p in points if p.low_w is not None and p.minute // 60 == local.hour), None)
    now_w = points[-1].today_w or 0
    when = {"day": WEEKDAYS[local.weekday()], "time": f"{local:%H:%M}"}
    if usual is None or usual.low_w is None or usual.high_w is None:
        return _("Too early to say: the usual range needs two weeks of charging.")
    if now_w < usual.low_w:
        return _("No. Less power than usual for a %(day)s at %(time)s.") % when
    if now_w > usual.high_w:
        return _("More power than usual for a %(day)s at %(time)s.") % when
    return _("Yes. Power is inside the usual range for a %(day)s at %(time)s.") % when


class Line(NamedTuple):
    """One row of the table; `worse` marks a change for the worse that should be seen."""

    word: str
    detail: str
    today: str
    before: str
    change: str
    worse: bool


def today(operator: Operator, *, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    before_at = now.astimezone(zone) - timedelta(days=7)
    new, old = overview.day(operator, until=now), overview.day(operator, until=before_at)
    money = operator.currency
    failed = _("%(failed)s of %(all)s failed") % {
        "failed": figures.number(new.failed),
        "all": figures.number(new.attempts),
    }
    lines = [
        Line(
            _("Charges"),
            "",
            figures.number(new.charges),
            figures.number(old.charges),
            *_change(new.charges, old.charges),
        ),
        Line(
            _("Energy"),
            "",
            figures.kwh(new.energy, 1),
            _bare(figures.kwh(old.energy, 1)),
            *_change(new.energy, old.energy),
        ),
        Line(
            _("Revenue"),
            "",
            figures.money(new.revenue, money),
            figures.number(old.revenue, 2),
            *_change(new.revenue, old.revenue),
        ),
        Line(
            _("Good starts"),
            failed if new.failed else "",
            _percent(new.good),
            _percent(old.good),
            *_points(new.good, old.good),
        ),
    ]
    weekday = now.astimezone(zone).weekday()
    return {
        "lines": lines,
        "day": WEEKDAYS[weekday],
        "short": WEEKDAYS_ABBR[weekday],
        "to": f"{now.astimezone(zone):%H:%M}",
    }


def _bare(figure: str) -> str:
    """Without its unit, which the column beside it has."""
    return figure.partition(NB)[0]


def _percent(value: Decimal | None) -> str:
    return figures.MISSING if value is None else f"{figures.number(value, 1)}{NB}%"


def _change(new: Decimal | int, old: Decimal | int) -> tuple[str, bool]:
    if not old:
        return figures.MISSING, False
    share = (Decimal(100) * (new - old) / old).quantize(Decimal(1))
    return f"{'+' if share >= 0 else '−'}{figures.number(abs(share))}{NB}%", False


def _points(new: Decimal | None, old: Decimal | None) -> tuple[str, bool]:
    if new is None or old is None:
        return figures.MISSING, False
    change = (new - old).quantize(Decimal("0.1"))
    points = NB.join((figures.number(abs(change), 1), _("pt")))
    return f"{'+' if change >= 0 else '−'}{points}", change < Decimal("-0.5")
