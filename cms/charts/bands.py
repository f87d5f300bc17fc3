"""Chart 2 and energy per day: what happened, over the band of what is usual."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils import formats
from django.utils.translation import gettext as _

from .chart import Chart
from .svg import line, nice_ticks, number, path, plot, power, power_unit, rect, svg, text, x_words, y_axis

DAY_MIN = 1440


@dataclass(frozen=True, slots=True)
class BandPoint:
    """Minute of the local day; watts. `low_w`/`high_w` None where there is no history, `today_w` None in the future."""

    minute: int
    low_w: int | None
    high_w: int | None
    today_w: int | None


@dataclass(frozen=True, slots=True)
class Day:
    """Energy of a day in Wh, and the band to compare it with."""

    day: date
    energy_wh: Decimal
    low_wh: Decimal | None = None
    high_wh: Decimal | None = None


def _minute(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def power_band(points: Sequence[BandPoint], *, now: int, band_words: tuple[str, str] = ("", "")) -> Chart:
    """`now`: minute of the day. `band_words`: two short lines written under the band ("Usual range,", "last 8 Mondays")."""
    top, height = 18, 190
    highest = max((value or 0 for p in points for value in (p.high_w, p.today_w)), default=0)
    divisor, unit = power_unit(highest)
    ticks = nice_ticks(highest * 1.08 / divisor)
    xs = lambda minute: 1000 * minute / DAY_MIN  # noqa: E731
    ys = lambda watts: height - height * watts / divisor / ticks[-1]  # noqa: E731
    upper = [(xs(p.minute), ys(p.high_w)) for p in points if p.high_w is not None]
    lower = [(xs(p.minute), ys(p.low_w)) for p in points if p.low_w is not None]
    today = [(p.minute, p.today_w) for p in points if p.today_w is not None]
    lines, words = y_axis(top, height, ticks, unit)
    body = [lines]
    shapes = path([*upper, *reversed(lower)], "band") if upper else ""
    shapes += path(upper, "band-edge") + path(lower, "band-edge")
    shapes += path([(xs(minute), ys(watts)) for minute, watts in today], "line")
    body.append(plot(top, height, shapes))
    x = 100 * now / DAY_MIN
    body.append(line(x, x, top, top + height, "now"))
    now_w = today[-1][1] if today else 0
    if today:
        y = top + ys(now_w)
        body.append(f'<circle class="end" cx="{100 * today[-1][0] / DAY_MIN:.2f}%" cy="{y:.1f}" r="5.5"/>')
        label = _("Now %(power)s") % {"power": power(now_w)}
        above = max(top + 10, y - 26)
        words += text(x - 1.2, above, label, "en halo", "end") if x > 40 else text(x + 1.2, above, label, "en halo")
    if upper and band_words[0]:
        words += _band_words(points, band_words, x, top, height, ys)
    hours = [(100 * h / 24, f"{h:02d}:00", h % 6 == 3) for h in range(0, 25, 3)]
    body.append(x_words(top + height + 18, hours))
    label = _("Power delivered today against the usual range; %(power)s now") % {"power": power(now_w)}
    shown = [p for p in points if p.minute % 180 == 0]
    cell = lambda watts: "–" if watts is None else number(Decimal(watts) / divisor, 1)  # noqa: E731
    return Chart(
        svg=svg(top + height + 24, label, body, [words]),
        question=_("Is delivery normal for this hour?"),
        head=(
            _("Time"),
            _("Usual low, %(unit)s") % {"unit": unit},
            _("Usual high, %(unit)s") % {"unit": unit},
            _("Today, %(unit)s") % {"unit": unit},
        ),
        rows=[(_minute(p.minute), cell(p.low_w), cell(p.high_w), cell(p.today_w)) for p in shown],
    )


def _band_words(
    points: Sequence[BandPoint],
    words: tuple[str, str],
    now: float,
    top: float,
    height: float,
    ys: Callable[[float], float],
) -> str:
    """Under the band in the evening while that is still ahead, else over the night, where there is room."""
    if now >= 62:
        return text(14, top + 16, words[0], "halo") + text(14, top + 31, words[1], "halo")
    evening = next((p.low_w for p in points if p.minute >= 1080 and p.low_w is not None), None)
    y = min(top + (ys(evening) + 24 if evening is not None else 140), top + height - 24)
    return text(98, y, words[0], "halo", "end") + text(98, y + 15, words[1], "halo", "end")


def energy_days(days: Sequence[Day], *, band_words: str = "") -> Chart:
    """A column per day over the band; MWh from 10,000 kWh a day."""
    top, height = 18, 190
    highest = max((value or Decimal(0) for d in days for value in (d.energy_wh, d.high_wh)), default=Decimal(0))
    divisor, unit = (Decimal(1_000_000), "MWh") if highest >= 10_000_000 else (Decimal(1000), "kWh")
    ticks = nice_ticks(float(highest / divisor))
    ys = lambda wh: height - height * float(wh / divisor) / ticks[-1]  # noqa: E731
    lines, words = y_axis(top, height, ticks, unit)
    left, step = 6.0, 94 / max(len(days), 1)
    upper: list[tuple[float, float]] = []
    lower: list[tuple[float, float]] = []
    for i, d in enumerate(days):
        if d.low_wh is not None and d.high_wh is not None:
            x0, x1 = 10 * (left + i * step), 10 * (left + (i + 1) * step)
            upper += [(x0, ys(d.high_wh)), (x1, ys(d.high_wh))]
            lower += [(x0, ys(d.low_wh)), (x1, ys(d.low_wh))]
    body = [lines]
    if upper:
        edges = path(upper, "band-edge") + path(lower, "band-edge")
        body.append(plot(top, height, path([*upper, *reversed(lower)], "band") + edges))
    every = max(1, round(len(days) / 8))
    for i, d in enumerate(days):
        y = ys(d.energy_wh)
        name = formats.date_format(d.day, "j b")
        title = f"{name}: {number(d.energy_wh / divisor, 1)} {unit}"
        body.append(rect(left + i * step + step * 0.2, top + y, step * 0.6, height - y, "f-blue", title, ' rx="2"'))
        if i % every == 0:
            body.append(
                text(left + (i + 0.5) * step, top + height + 18, name, "w" if (i // every) % 2 else "", "middle")
            )
    if upper and band_words:
        words += text(100, top + upper[-1][1] - 8, band_words, "halo", "end")
    cell = lambda wh: "–" if wh is None else number(wh / divisor, 2)  # noqa: E731
    return Chart(
        svg=svg(top + height + 24, _("Energy per day against the usual range"), body, [words]),
        question=_("Is energy growing?"),
        head=(
            _("Day"),
            _("Energy, %(unit)s") % {"unit": unit},
            _("Usual low, %(unit)s") % {"unit": unit},
            _("Usual high, %(unit)s") % {"unit": unit},
        ),
        rows=[
            (formats.date_format(d.day, "SHORT_DATE_FORMAT"), cell(d.energy_wh), cell(d.low_wh), cell(d.high_wh))
            for d in days
        ],
    )
