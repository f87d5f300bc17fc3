"""The reports: one entry each. A report is a question, a picture, a sentence, a table, its definitions, and a file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from urllib.parse import quote

from django.utils import formats
from django.utils.dates import WEEKDAYS
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from billing.exports.kinds import Column, Format
from billing.tariffs import exact
from cms import charts
from cms.charts import Chart, svg
from cms.core.csv_dialect import Cell
from cms.templatetags import figures

from . import selectors
from .filters import Filters

WORST = 20  # stations in the picture; the file has them all


@dataclass(frozen=True, slots=True)
class Built:
    """`rows` are the file, by the columns of the report: raw values, exact."""

    chart: Chart
    answer: str
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Report:
    """`word` names the tab, `title` is the question; without `by_days` the range of days says nothing to it."""

    word: Promise
    title: Promise
    definition: Promise
    build: Callable[[Filters], Built]
    columns: Sequence[Column]
    by_days: bool = True


def usage(filters: Filters) -> Built:
    cells = selectors.usage(filters)
    chart = charts.heatmap(cells, unit=_("of the connectors have a car"))
    busiest = max(((value or 0, day, hour) for day, row in enumerate(cells) for hour, value in enumerate(row)))
    answer = _("Busiest on %(day)s at %(hour)s: %(share)s of the connectors have a car.") % {
        "day": WEEKDAYS[busiest[1]],
        "hour": f"{busiest[2]:02d}:00",
        "share": svg.percent(busiest[0]),
    }
    rows = [
        (str(WEEKDAYS[day]), hour, None if value is None else _percent(value))
        for day, row in enumerate(cells)
        for hour, value in enumerate(row)
    ]
    return Built(chart, answer if busiest[0] else "", rows)


def energy(filters: Filters) -> Built:
    days = selectors.energy_days(filters)
    chart = charts.energy_days(
        [charts.Day(day.day, day.energy_wh, day.low_wh, day.high_wh) for day in days], band_words=_("usual range")
    )
    total = sum((day.energy_wh for day in days), Decimal(0))
    answer = _("%(energy)s in %(range)s, %(mean)s a day.") % {
        "energy": figures.kwh(total, 1),
        "range": filters.words,
        "mean": figures.kwh(total / len(days), 1),
    }
    rows = [(day.day, _kwh(day.energy_wh), _kwh(day.low_wh), _kwh(day.high_wh)) for day in days]
    return Built(chart, answer, rows)


def utilisation(filters: Filters) -> Built:
    places = selectors.sites(filters)
    chart = charts.time_split([_split(place, f"?site={place.pk}" if place.pk else "") for place in places])
    whole = selectors.together(places)
    answer = _("%(charging)s of the time charging, %(idle)s blocked by cars that do not charge, %(down)s down.") % {
        "charging": svg.percent(whole.share(whole.charging)),
        "idle": svg.percent(whole.share(whole.idle)),
        "down": svg.percent(whole.share(whole.down)),
    }
    rows = [
        (
            place.name,
            *(_hours(s) for s in (place.time.charging, place.time.idle, place.time.free, place.time.down)),
            place.sessions,
            _kwh(place.energy_wh),
        )
        for place in places
    ]
    return Built(chart, answer if whole.total else "", rows)


def revenue(filters: Filters) -> Built:
    months = selectors.months(filters)
    currency = months[-1].currency
    chart = charts.revenue(
        [
            charts.Month(formats.date_format(month.month, "M Y"), month.incl_vat, last_year=month.last_year)
            for month in months
        ],
        currency=currency,
    )
    now = months[-1]
    answer = ngettext(
        "%(amount)s so far this month, from %(n)s charge.",
        "%(amount)s so far this month, from %(n)s charges.",
        now.cdrs,
    ) % {"amount": figures.money(now.incl_vat, currency), "n": figures.number(now.cdrs)}
    rows = [
        (
            month.month,
            month.currency,
            month.cdrs,
            _kwh(month.energy_wh),
            exact.cents(exact.number(month.excl_vat), month.currency),
            exact.cents(exact.number(month.incl_vat), month.currency),
        )
        for month in months
    ]
    return Built(chart, answer, rows)


def uptime(filters: Filters) -> Built:
    places = selectors.stations(filters)
    rows_drawn = [
        _split(place, f"/ops/stations/{quote(place.name, safe='')}/", note=_up(place)) for place in places[:WORST]
    ]
    drawn = charts.time_split(rows_drawn)
    chart = replace(drawn, question=_("Which stations fail?"), head=(_("Station"), *drawn.head[1:]))
    whole = selectors.together(places)
    answer = _("%(uptime)s of connector time up in %(range)s; the worst station: %(worst)s.") % {
        "uptime": svg.percent(1 - whole.share(whole.down), 2),
        "range": filters.words,
        "worst": places[0].name if places else "–",
    }
    rows = [
        (
            place.name,
            _percent(1 - place.time.share(place.time.down)),
            _hours(place.time.down),
            place.sessions,
            _kwh(place.energy_wh),
        )
        for place in places
    ]
    return Built(chart, answer if whole.total else "", rows)


_CHARGED = (
    Column("charges", gettext_lazy("Charges"), Format.WHOLE, summed=True),
    Column("energy_kwh", gettext_lazy("Energy, kWh"), Format.ENERGY, summed=True),
)
REPORTS: dict[str, Report] = {
    "usage": Report(
        pgettext_lazy("report", "Use"),
        gettext_lazy("When is it busy?"),
        gettext_lazy("Share of connector time with a car, charging or not, by hour of the week in local time."),
        usage,
        (
            Column("weekday", gettext_lazy("Weekday"), width=12),
            Column("hour", gettext_lazy("Hour"), Format.WHOLE),
            Column("in_use_percent", gettext_lazy("In use, %"), Format.MONEY),
        ),
    ),
    "energy": Report(
        pgettext_lazy("report", "Energy"),
        gettext_lazy("Is energy growing?"),
        gettext_lazy(
            "Energy of the charges by local day. The usual range is that of the same weekday a year ago, or of the "
            "last four where there is no year yet."
        ),
        energy,
        (
            Column("day", gettext_lazy("Day"), Format.DAY),
            Column("energy_kwh", gettext_lazy("Energy, kWh"), Format.ENERGY, summed=True),
            Column("usual_low_kwh", gettext_lazy("Usual low, kWh"), Format.ENERGY),
            Column("usual_high_kwh", gettext_lazy("Usual high, kWh"), Format.ENERGY),
        ),
    ),
    "utilisation": Report(
        pgettext_lazy("report", "Time"),
        gettext_lazy("Too small, blocked by parked cars, or broken?"),
        gettext_lazy(
            "Charging: power flows. Idle: a car is there without charging. Down: unreachable, faulted or out of service."
        ),
        utilisation,
        (
            Column("site", gettext_lazy("Site")),
            Column("charging_h", gettext_lazy("Charging, h"), Format.MONEY, summed=True),
            Column("idle_h", gettext_lazy("Idle, h"), Format.MONEY, summed=True),
            Column("free_h", gettext_lazy("Free, h"), Format.MONEY, summed=True),
            Column("down_h", gettext_lazy("Down, h"), Format.MONEY, summed=True),
            *_CHARGED,
        ),
    ),
    "revenue": Report(
        pgettext_lazy("report", "Revenue"),
        gettext_lazy("Are we earning?"),
        gettext_lazy("Charges by the month in which they ended, VAT included; credits are subtracted."),
        revenue,
        (
            Column("month", gettext_lazy("Month"), Format.DAY),
            Column("currency", gettext_lazy("Currency"), width=9),
            *_CHARGED,
            Column("net", gettext_lazy("Net"), Format.MONEY, summed=True),
            Column("gross", gettext_lazy("Gross"), Format.MONEY, summed=True),
        ),
        by_days=False,
    ),
    "uptime": Report(
        pgettext_lazy("report", "Uptime"),
        gettext_lazy("Which stations fail?"),
        gettext_lazy("Connector time that was not down. A charge under way counts as up."),
        uptime,
        (
            Column("station", gettext_lazy("Station")),
            Column("uptime_percent", gettext_lazy("Uptime, %"), Format.MONEY),
            Column("down_h", gettext_lazy("Down, h"), Format.MONEY, summed=True),
            *_CHARGED,
        ),
    ),
}


def _up(place: selectors.PlaceTime) -> str:
    return _("up %(share)s") % {"share": svg.percent(1 - place.time.share(place.time.down), 2)}


def _split(place: selectors.PlaceTime, href: str, note: str = "") -> charts.Split:
    time = place.time
    charging, idle, free, down = (time.share(seconds) for seconds in (time.charging, time.idle, time.free, time.down))
    return charts.Split(place.name, charging, idle, free, down, href, note)


def _percent(share: float) -> Decimal:
    return Decimal(str(100 * share)).quantize(Decimal("0.01"))


def _kwh(wh: Decimal | None) -> Decimal | None:
    return None if wh is None else (wh / 1000).quantize(Decimal("0.001"))


def _hours(seconds: int) -> Decimal:
    return (Decimal(seconds) / 3600).quantize(Decimal("0.01"))
