"""Pieces of SVG. Everything that is text goes through `escape`; numbers are formatted here."""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from cms.templatetags import figures

NB = figures.NB
Pixels = Sequence[tuple[float, float]]


def number(value: Decimal | int | float, digits: int = 0) -> str:
    """As figures.number, for pixels' floats too."""
    return figures.number(Decimal(str(value)), digits)


def percent(share: float, digits: int = 0) -> str:
    return f"{number(share * 100, digits)}{NB}%"


def text(x: float, y: float, words: object, cls: str = "", anchor: str = "start") -> str:
    """`x` in percent of the chart's width, `y` in px."""
    return f'<text x="{x:.2f}%" y="{y:g}" class="{cls}" text-anchor="{anchor}">{escape(words)}</text>'


def rect(x: float, y: float, width: float, height: float, cls: str, title: str = "", extra: str = "") -> str:
    """`x` and `width` in percent, `y` and `height` in px."""
    tip = f"<title>{escape(title)}</title>" if title else ""
    return f'<rect class="{cls}" x="{x:.2f}%" y="{y:g}" width="{max(width, 0):.2f}%" height="{height:.1f}"{extra}>{tip}</rect>'


def line(x1: float, x2: float, y1: float, y2: float, cls: str, extra: str = "") -> str:
    return f'<line class="{cls}" x1="{x1:.2f}%" x2="{x2:.2f}%" y1="{y1:g}" y2="{y2:g}"{extra}/>'


def path(points: Pixels, cls: str, close: float | None = None) -> str:
    """A polyline; with `close` the area between it and that height."""
    if not points:
        return ""
    d = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    if close is not None:
        d += f"L{points[-1][0]:.1f} {close:.1f}L{points[0][0]:.1f} {close:.1f}Z"
    return f'<path class="{cls}" d="{d}"/>'


def plot(top: float, height: float, body: str) -> str:
    """The stretching part: x from 0 to 1000, y in px."""
    return (
        f'<svg x="0" y="{top:g}" width="100%" height="{height:g}" viewBox="0 0 1000 {height:g}" '
        f'preserveAspectRatio="none" overflow="visible">{body}</svg>'
    )


def svg(height: float, label: str, body: Iterable[str], words: Iterable[str] = (), role: str = "img") -> SafeString:
    """`words` are drawn last, so that no area covers them."""
    inside = "".join(body) + "".join(words)
    return mark_safe(  # noqa: S308 - every text in it went through escape
        f'<svg class="chart" height="{height:g}" role="{role}" aria-label="{escape(label)}">{inside}</svg>'
    )


def nice_ticks(highest: float, most: int = 5) -> list[float]:
    """0 … a round number above `highest`, in 2 to `most` equal steps."""
    if highest <= 0:
        return [0, 1]
    rough = highest / most
    unit = 10 ** math.floor(math.log10(rough))
    step = next(unit * n for n in (1, 2, 2.5, 5, 10) if unit * n >= rough * 0.999)
    count = max(1, math.ceil(highest / step - 1e-9))
    return [round(step * i, 6) for i in range(count + 1)]


def y_axis(top: float, height: float, ticks: Sequence[float], unit: str) -> tuple[str, str]:
    """Grid lines and their words; the unit stands on the highest."""
    lines, words = "", ""
    digits = 0 if all(float(tick).is_integer() for tick in ticks) else 1
    for tick in ticks:
        y = top + height - height * tick / ticks[-1]
        lines += line(0, 100, y, y, "gl" if tick else "base")
        if tick:
            value = number(tick, digits)
            words += text(0, y - 4, f"{value}{NB}{unit}" if tick == ticks[-1] else value, "halo axis")
    return lines, words


def x_words(y: float, ticks: Iterable[tuple[float, str, bool]]) -> str:
    """(percent, words, only on wide screens)."""
    out = ""
    for share, words, wide in ticks:
        anchor = "start" if share < 1.5 else "end" if share > 98.5 else "middle"
        out += text(share, y, words, "w" if wide else "", anchor)
    return out


_STEPS_MIN = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200)


def time_ticks(start: datetime, end: datetime, zone: ZoneInfo, most: int = 6) -> list[tuple[float, str, bool]]:
    """Round local times between two instants, as (percent, words, only on wide screens). Days where a day or more passes."""
    minutes = seconds(start, end) / 60
    step = next((s for s in _STEPS_MIN if minutes / s <= most), _STEPS_MIN[-1])
    local = start.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    first = math.ceil((local - midnight).total_seconds() / 60 / step) if step < 1440 else 0 if local == midnight else 1
    out: list[tuple[float, str, bool]] = []
    for i in range(first, first + most + 2):
        at = midnight + timedelta(minutes=i * step)
        share = 100 * seconds(start, at) / seconds(start, end)
        if -0.01 <= share <= 100.01:
            words = clock(at, zone) if step < 1440 else formats.date_format(at, "j b")
            out.append((share, "24:00" if words == "00:00" and share > 99 else words, i % 2 == 1 and len(out) > 0))
    return out


def seconds(start: datetime, end: datetime) -> float:
    """Real time between two instants. (Subtracting two times of one zone would compare wall clocks and miss the hour
    of the night when they change.)"""
    return end.timestamp() - start.timestamp()


def clock(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%H:%M}"


def power(watts: float | Decimal | int) -> str:
    """11,0 kW · 150 kW · 2,9 MW (ux.md: 1 decimal below 100, else 0)."""
    if watts >= 1_000_000:
        return f"{number(Decimal(str(watts)) / 1_000_000, 1)}{NB}MW"
    return figures.kw(Decimal(str(watts)))


def power_unit(highest_w: float) -> tuple[int, str]:
    """The divisor and unit of a power axis."""
    return (1_000_000, "MW") if highest_w >= 2_000_000 else (1000, "kW")
