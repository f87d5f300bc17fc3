"""Chart 6: what is the price at any hour? A row a day, the price written in its band."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from .chart import Chart
from .svg import rect, svg, text

LEFT, ROW, TOP, DAY_S = 8, 30, 20, 86_400
NO_ROOM, NARROW = 3.5, 11  # percent: below them the price is not written, or not on a phone


@dataclass(frozen=True, slots=True)
class PriceBand:
    """`day` 0 = Monday, seconds of the local day; `words` the price, `level` 1 (cheapest) to 4, 0 where there is none."""

    day: int
    start_s: int
    end_s: int
    words: str
    level: int


def week_prices(bands: Sequence[PriceBand], *, now: tuple[int, int] | None = None) -> Chart:
    """`now`: (day, second) of the band to outline."""
    body = [_hour(hour) for hour in range(0, 25, 3)]
    for day in range(7):
        y = TOP + day * ROW
        body.append(text(0, y + 19, WEEKDAYS_ABBR[day], "w") + text(0, y + 19, str(WEEKDAYS[day])[:1].upper(), "n"))
    body += [_band(band, now) for band in bands]
    return Chart(
        svg=svg(TOP + 7 * ROW, _("Price by hour and weekday"), body),
        question=_("What is the price at any hour?"),
        head=(_("Day"), _("From–to"), _("Price")),
        rows=[(str(WEEKDAYS[band.day]), _span(band), band.words) for band in bands],
    )


def _band(band: PriceBand, now: tuple[int, int] | None) -> str:
    x, y = LEFT + _share(band.start_s), TOP + band.day * ROW
    width = _share(band.end_s - band.start_s)
    cls = f"p{band.level}" if band.level else "gap"
    title = f"{WEEKDAYS[band.day]} {_span(band)}: {band.words}"
    here = now is not None and now[0] == band.day and band.start_s <= now[1] < band.end_s
    shape = rect(x, y, width - 0.2, ROW - 3, cls + (" here" if here else ""), title, ' rx="3"')
    if width < NO_ROOM:
        return shape
    return shape + text(x + width / 2, y + 18, band.words, cls + (" w" if width < NARROW else ""), "middle")


def _hour(hour: int) -> str:
    anchor = "start" if hour == 0 else "end" if hour == 24 else "middle"
    return text(LEFT + _share(hour * 3600), 12, f"{hour:02d}", "w" if hour % 6 else "", anchor)


def _share(seconds: int) -> float:
    return (100 - LEFT) * seconds / DAY_S


def _span(band: PriceBand) -> str:
    return f"{_clock(band.start_s)}–{_clock(band.end_s)}"


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}"
