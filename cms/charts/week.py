"""Chart 6: what is the price at any hour? A row a day, on a phone a column a day; the price is written in its band."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.html import format_html
from django.utils.translation import gettext as _

from .chart import Chart
from .svg import rect, svg, text

LEFT, ROW, TOP, DAY_S = 8, 30, 20, 86_400
NO_ROOM = 3.5  # percent of the width: below it the price is not written
SIDE, HOUR = 11, 15  # of the columns on a phone: percent for the hours, px of one
NO_HEIGHT = 13


@dataclass(frozen=True, slots=True)
class PriceBand:
    """`day` 0 = Monday, seconds of the local day; `words` the price, `level` 1 (cheapest) to 4, 0 where there is none."""

    day: int
    start_s: int
    end_s: int
    words: str
    level: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """Hours that two prices ask for: drawn over the bands, `words` say which one wins."""

    day: int
    start_s: int
    end_s: int
    words: str


Now = tuple[int, int] | None


def week_prices(bands: Sequence[PriceBand], *, now: Now = None, doubts: Sequence[Doubt] = ()) -> Chart:
    """`now`: (day, second) of the band to outline."""
    label = _("Price by hour and weekday")
    rows = [_hour(hour) for hour in range(0, 25, 3)]
    rows += [text(0, TOP + day * ROW + 19, WEEKDAYS_ABBR[day]) for day in range(7)]
    rows += [_across(band, now) for band in bands] + [_doubt_across(doubt) for doubt in doubts]
    columns = [text(0, TOP + hour * HOUR + 4, f"{hour:02d}") for hour in range(0, 25, 3)]
    columns += [text(_column(day) + _width() / 2, 12, WEEKDAYS_ABBR[day], "", "middle") for day in range(7)]
    columns += [_down(band, now) for band in bands] + [_doubt_down(doubt) for doubt in doubts]
    return Chart(
        svg=format_html(
            '<div class="wide-only">{}</div><div class="narrow-only">{}</div>',
            svg(TOP + 7 * ROW, label, rows),
            svg(TOP + 24 * HOUR + 6, label, columns),
        ),
        question=_("What is the price at any hour?"),
        head=(_("Day"), _("From–to"), _("Price")),
        rows=[(str(WEEKDAYS[band.day]), span(band.start_s, band.end_s), band.words) for band in bands],
    )


# ---- a row a day ---------------------------------------------------------------------------------------------------


def _across(band: PriceBand, now: Now) -> str:
    x, y = LEFT + _share(band.start_s), TOP + band.day * ROW
    width = _share(band.end_s - band.start_s)
    shape = rect(x, y, width - 0.2, ROW - 3, _class(band, now), _title(band), ' rx="3"')
    if width < NO_ROOM:
        return shape
    return shape + text(x + width / 2, y + 18, band.words, f"p{band.level}" if band.level else "on", "middle")


def _doubt_across(doubt: Doubt) -> str:
    x, width = LEFT + _share(doubt.start_s), _share(doubt.end_s - doubt.start_s)
    return rect(x + 0.15, TOP + doubt.day * ROW + 1.5, width - 0.5, ROW - 6, "twice", doubt.words, ' rx="2"')


def _hour(hour: int) -> str:
    anchor = "start" if hour == 0 else "end" if hour == 24 else "middle"
    return text(LEFT + _share(hour * 3600), 12, f"{hour:02d}", "w" if hour % 6 else "", anchor)


def _share(seconds: int) -> float:
    return (100 - LEFT) * seconds / DAY_S


# ---- a column a day ------------------------------------------------------------------------------------------------


def _down(band: PriceBand, now: Now) -> str:
    y, height = TOP + _pixels(band.start_s), _pixels(band.end_s - band.start_s)
    shape = rect(_column(band.day), y, _width() - 0.5, height - 1, _class(band, now), _title(band), ' rx="3"')
    if height < NO_HEIGHT:
        return shape
    cls = f"p{band.level}" if band.level else "on"
    return shape + text(_column(band.day) + _width() / 2, y + height / 2 + 3.5, band.words, cls, "middle")


def _doubt_down(doubt: Doubt) -> str:
    y, height = TOP + _pixels(doubt.start_s), _pixels(doubt.end_s - doubt.start_s)
    return rect(_column(doubt.day) + 0.3, y + 1.5, _width() - 1.1, height - 4, "twice", doubt.words, ' rx="2"')


def _column(day: int) -> float:
    return SIDE + day * _width()


def _width() -> float:
    return (100 - SIDE) / 7


def _pixels(seconds: int) -> float:
    return 24 * HOUR * seconds / DAY_S


# ---- words ---------------------------------------------------------------------------------------------------------


def _class(band: PriceBand, now: Now) -> str:
    here = now is not None and now[0] == band.day and band.start_s <= now[1] < band.end_s
    return (f"p{band.level}" if band.level else "gap hole") + (" here" if here else "")


def _title(band: PriceBand) -> str:
    return f"{WEEKDAYS[band.day]} {span(band.start_s, band.end_s)}: {band.words}"


def span(start_s: int, end_s: int) -> str:
    """Seconds of a day as 07:00–24:00."""
    return f"{_clock(start_s)}–{_clock(end_s)}"


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}"
