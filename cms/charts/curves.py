"""Charts 4 and 5 and the station's power: what flowed, and what it cost, on one time axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from cms.templatetags import figures

from .chart import Chart
from .svg import (
    NB,
    clock,
    line,
    nice_ticks,
    number,
    path,
    plot,
    power,
    rect,
    seconds,
    svg,
    text,
    time_ticks,
    x_words,
    y_axis,
)

MOST_POINTS = 500


@dataclass(frozen=True, slots=True)
class Point:
    """One reading: W, Wh since the start, percent. None where the station did not say."""

    at: datetime
    power_w: int | None = None
    energy_wh: Decimal | None = None
    soc: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A numbered mark; the list beside the chart explains it."""

    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class CostBlock:
    """One tariff period: `level` 1 (low) … 4 (high) picks its colour, `points` are (time, total cost so far)."""

    label: str
    level: int
    points: Sequence[tuple[datetime, Decimal]]


@dataclass(frozen=True, slots=True)
class Line:
    """One connector's power: (time, W). `faulted` draws it red."""

    name: str
    points: Sequence[tuple[datetime, int]]
    faulted: bool = False


def _thinned(points: Sequence[Point]) -> list[Point]:
    """At most MOST_POINTS, keeping the lowest and highest power of every bucket."""
    if len(points) <= MOST_POINTS:
        return list(points)
    size = len(points) * 2 / MOST_POINTS
    kept: set[int] = {0, len(points) - 1}
    for bucket in range(MOST_POINTS // 2):
        inside = range(int(bucket * size), min(int((bucket + 1) * size), len(points)))
        if inside:
            kept.add(min(inside, key=lambda i: points[i].power_w or 0))
            kept.add(max(inside, key=lambda i: points[i].power_w or 0))
    return [points[i] for i in sorted(kept)]


def gap_of(moments: Sequence[datetime]) -> timedelta:
    """How long a silence counts as a gap: three usual intervals, and never less than 90 s."""
    steps = [(b - a).total_seconds() for a, b in pairwise(moments)]
    return timedelta(seconds=max(90.0, 3 * median(steps))) if steps else timedelta(seconds=90)


def _runs(points: Sequence[Point], gap: timedelta) -> list[list[Point]]:
    runs: list[list[Point]] = []
    for point in points:
        if runs and point.at - runs[-1][-1].at <= gap:
            runs[-1].append(point)
        else:
            runs.append([point])
    return runs


class Axis:
    """Time to x: percent for words, thousandths for shapes."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self.start, self.end, self.span = start, end, max(seconds(start, end), 1.0)

    def pc(self, at: datetime) -> float:
        return 100 * seconds(self.start, at) / self.span

    def px(self, at: datetime) -> float:
        return 10 * self.pc(at)


def _power_panel(points: Sequence[Point], axis: Axis, top: float, height: float, running: bool) -> tuple[str, str]:
    """Area, battery line, gaps; and the words for peak, battery and now."""
    drawn = _thinned([p for p in points if p.power_w is not None or p.soc is not None])
    highest = max((p.power_w or 0 for p in points), default=0)
    ticks = nice_ticks(max(highest, 1_000) / 1000 * 1.15, 4)  # a kilowatt at least: an axis of watts says nothing
    ys = lambda watts: height - height * watts / 1000 / ticks[-1]  # noqa: E731
    ysoc = lambda soc: height - height * soc / 100  # noqa: E731
    body, words = y_axis(top, height, ticks, "kW")
    runs = _runs(drawn, gap_of([point.at for point in drawn]))
    for a, b in pairwise(runs):
        x = axis.pc(a[-1].at)
        body += rect(x, top, axis.pc(b[0].at) - x, height, "gap", _("no readings"))
    shapes = ""
    for n, run in enumerate(runs):
        flow = [(axis.px(p.at), ys(p.power_w)) for p in run if p.power_w is not None]
        if flow and n == len(runs) - 1 and not running:
            flow.append((flow[-1][0], ys(0)))
        shapes += path(flow, "area", height) + path(flow, "line")
    for run in runs:
        shapes += path([(axis.px(p.at), ysoc(p.soc)) for p in run if p.soc is not None], "line ink")
    body += plot(top, height, shapes)
    with_power = [p for p in drawn if p.power_w is not None]
    if running and with_power:
        last = with_power[-1]
        y = top + ys(last.power_w)
        body += f'<circle class="end" cx="{axis.pc(last.at):.2f}%" cy="{y:.1f}" r="5.5"/>'
        words += text(axis.pc(last.at) + 2, y + 4, power(last.power_w or 0), "en halo")
    elif highest:
        peak = max(with_power, key=lambda p: p.power_w or 0)
        x = min(max(axis.pc(peak.at), 10), 90)
        label = _("%(power)s peak") % {"power": power(highest)}
        words += text(x, top + ys(highest) - 8, label, "en halo w", "middle")
    with_soc = [p for p in drawn if p.soc is not None]
    if with_soc:
        last = with_soc[-1]
        x, end = axis.pc(last.at) + 0.8, axis.pc(last.at) > 80
        label = _("battery %(soc)s") % {"soc": f"{last.soc}{NB}%"}
        written = ysoc(last.soc) - 12  # the middle of the words above the line
        crossed = any(abs(ys(p.power_w) - written) < 10 for p in with_power if axis.pc(p.at) > 70)
        lift = (16 if crossed else -8) if end else 4
        words += text(x, top + ysoc(last.soc) + lift, label, "on halo", "end" if end else "start")
    return body, words


def _cost_panel(
    blocks: Sequence[CostBlock], axis: Axis, right: datetime, top: float, height: float, currency: str
) -> tuple[str, str]:
    total = blocks[-1].points[-1][1]
    ticks = nice_ticks(float(total) * 1.1, 3)
    ys = lambda amount: height - height * float(amount) / ticks[-1]  # noqa: E731
    sign = figures.SIGNS.get(currency, currency)
    body, words = y_axis(top, height, ticks, sign)
    shapes, outline = "", []
    for block in blocks:
        flow = [(axis.px(at), ys(amount)) for at, amount in block.points]
        base = flow[0][1]
        outline += flow
        shapes += path([*flow, (axis.px(right), flow[-1][1])], f"p{block.level}", base)
        if base - flow[-1][1] > 15:
            y = top + (base + flow[-1][1]) / 2 + 4
            words += text(99, y, block.label, f"p{block.level}", "end")
    body += plot(top, height, shapes + path(outline, "mline"))
    words += text(100, top + ys(total) - 8, figures.money(total, currency), "mo halo", "end")
    return body, words


def session(
    points: Sequence[Point],
    *,
    zone: ZoneInfo,
    events: Sequence[Event] = (),
    blocks: Sequence[CostBlock] = (),
    currency: str = "EUR",
    end: datetime | None = None,
    running: bool = False,
    height: int = 200,
) -> Chart:
    """Power and battery over the cost, with numbered events through both.

    `end`: where the axis ends (default: the last thing that happened). `running` marks the newest value instead of the
    peak and does not close the curve. Without `blocks` only the upper panel is drawn.
    """
    moments = [p.at for p in points] + [e.at for e in events] + [at for b in blocks for at, _amount in b.points]
    if not moments:
        raise ValueError("a session chart needs at least one reading, event or cost")
    start, last = min(moments), max([*moments, *([end] if end else [])])
    if last <= start:
        last = start + timedelta(minutes=1)
    axis = Axis(start, last)
    top = 46 if events else 18
    body, words = _power_panel(points, axis, top, height, running)
    bottom = top + height
    if blocks:
        more, more_words = _cost_panel(blocks, axis, last, bottom + 40, 96, currency)
        body, words, bottom = body + more, words + more_words, bottom + 136
    shift = 0.0
    before = -10.0
    for event in events:
        x = axis.pc(event.at)
        shift = shift + 20 if x - before < 2.2 else 0.0
        before = x
        body += line(x, x, 21, bottom, "evl")
        body += (
            f'<svg x="{x:.2f}%" y="12" overflow="visible"><circle class="ev" cx="{shift:g}" r="9"/>'
            f'<text class="evt" x="{shift:g}" y="4" text-anchor="middle">{event.number}</text></svg>'
        )
    body += x_words(bottom + 18, time_ticks(start, last, zone))
    energy = next((p.energy_wh for p in reversed(points) if p.energy_wh is not None), None)
    label = _("Power over the time of the charge")
    if energy is not None:
        label += f"; {number(energy / 1000, 2)} kWh"
    if blocks:
        label += f", {figures.money(blocks[-1].points[-1][1], currency)}"
    return Chart(
        svg=svg(bottom + 24, label, [body], [words]),
        question=_("What happened in this charge, and why does it cost this?")
        if blocks
        else _("What happened in this charge?"),
        head=_session_head(bool(blocks), currency),
        rows=_session_rows(points, blocks, zone),
    )


def _session_head(priced: bool, currency: str) -> tuple[str, ...]:
    head = (_("Time"), "kW", _("Battery, %"), "kWh")
    return (*head, currency) if priced else head


def _session_rows(points: Sequence[Point], blocks: Sequence[CostBlock], zone: ZoneInfo) -> list[tuple[str, ...]]:
    """About a dozen readings, evenly spread."""
    costs = [pair for block in blocks for pair in block.points]
    every = max(1, len(points) // 12)
    rows: list[tuple[str, ...]] = []
    for point in points[::every]:
        row: tuple[str, ...] = (
            clock(point.at, zone),
            "–" if point.power_w is None else number(Decimal(point.power_w) / 1000, 1),
            "–" if point.soc is None else str(point.soc),
            "–" if point.energy_wh is None else number(point.energy_wh / 1000, 2),
        )
        if blocks:
            cost = next((amount for at, amount in reversed(costs) if at <= point.at), Decimal(0))
            row = (*row, number(cost, 2))
        rows.append(row)
    return rows


def power_lines(lines: Sequence[Line], *, start: datetime, end: datetime, zone: ZoneInfo) -> Chart:
    """Power of every connector between two instants; the newest value is written on each line."""
    top, height, axis = 18, 120, Axis(start, end)
    highest = max((watts for item in lines for _at, watts in item.points), default=0)
    ticks = nice_ticks(max(highest, 1000) / 1000 * 1.1, 3)
    ys = lambda watts: height - height * watts / 1000 / ticks[-1]  # noqa: E731
    body, words = y_axis(top, height, ticks, "kW")
    shapes, labels = "", []
    styles = iter(("line", "line ink", "ref", "band-edge"))
    strongest_first = sorted((item for item in lines if item.points), key=lambda item: -item.points[-1][1])
    for item in strongest_first:
        style = "line zero" if item.faulted else next(styles, "ref")
        read = [Point(at, watts) for at, watts in item.points]
        for run in _runs(read, gap_of([point.at for point in read])):  # silence is not bridged
            flow = [(axis.px(point.at), ys(point.power_w)) for point in run]
            shapes += (path(flow, "area", height) if style == "line" else "") + path(flow, style)
        words_of = {"line": "en halo", "line zero": "bad halo"}.get(style, "on halo")
        labels.append((top + ys(item.points[-1][1]) - 8, f"{item.name}{NB}·{NB}{power(item.points[-1][1])}", words_of))
    body += plot(top, height, shapes)
    free = float(top + height)
    for y, label, cls in sorted(labels, reverse=True):
        free = min(y, free - 16)
        words += text(100, free, label, cls, "end")
    if not labels:
        words += text(50, top + height / 2, _("no power readings in this time"), "halo", "middle")
    body += x_words(top + height + 18, time_ticks(start, end, zone, most=5))
    return Chart(
        svg=svg(top + height + 24, _("Power of the connectors over time"), [body], [words]),
        question=_("Is power flowing?"),
        head=(_("Time"), *(_("%(name)s, kW") % {"name": item.name} for item in lines)),
        rows=_line_rows(lines, start, end, zone),
    )


def _line_rows(lines: Sequence[Line], start: datetime, end: datetime, zone: ZoneInfo) -> list[tuple[str, ...]]:
    rows = []
    for step in range(7):
        at = start + (end - start) * step / 6
        row = [clock(at, zone)]
        for item in lines:
            watts = next((w for seen, w in reversed(item.points) if seen <= at), None)
            row.append("–" if watts is None else number(Decimal(watts) / 1000, 1))
        rows.append(tuple(row))
    return rows
