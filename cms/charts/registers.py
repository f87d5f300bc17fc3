"""Chart 11: which readings make up the energy of a charge? What the meter showed, where nobody looked, where it began again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from cms.templatetags import figures

from .chart import Chart
from .curves import Axis, gap_of
from .svg import line, nice_ticks, number, path, plot, rect, svg, text, time_ticks, x_words, y_axis

HEIGHT, TOP, MOST = 150, 30, 400


@dataclass(frozen=True, slots=True)
class Reading:
    """`register` is what the meter showed and `counted` what it adds up to since the start, both in Wh; `at` by the station's
    clock, `heard` by ours."""

    at: datetime
    heard: datetime
    register: Decimal
    counted: Decimal


@dataclass(frozen=True, slots=True)
class Mark:
    """A named moment: the start and the end of the charge (with the energy counted there), or a break of the meter."""

    at: datetime
    word: str
    counted: Decimal | None = None


def registers(
    readings: Sequence[Reading],
    *,
    zone: ZoneInfo,
    total: Decimal,
    marks: Sequence[Mark] = (),
    breaks: Sequence[Mark] = (),
) -> Chart:
    """`total` is the energy that counts, in Wh: a dashed line. Raises ValueError where there is nothing to draw."""
    said = [(reading.at, reading.counted) for reading in readings]
    said += [(mark.at, mark.counted) for mark in marks if mark.counted is not None]
    if len(said) < 2:
        raise ValueError("a chart of registers needs two moments")
    known = _rising(said)
    axis = Axis(min(said)[0], max(said)[0])
    highest = max(total, *(counted for _at, counted in known))
    ticks = nice_ticks(max(float(highest) / 1000, 0.1) * 1.15, 3)
    y = lambda wh: HEIGHT - HEIGHT * float(wh) / 1000 / ticks[-1]  # noqa: E731
    body, words = y_axis(TOP, HEIGHT, ticks, "kWh")
    runs = _runs(known, gap_of([at for at, _counted in known]).total_seconds())
    for before, after in pairwise(runs):
        x = axis.pc(before[-1][0])
        body += rect(x, TOP, axis.pc(after[0][0]) - x, HEIGHT, "gap", _("no readings"))
    shapes = "".join(path([(axis.px(at), y(wh)) for at, wh in _thinned(run)], "line") for run in runs)
    body += plot(TOP, HEIGHT, shapes)
    body += line(0, 100, TOP + y(total), TOP + y(total), "ref")
    for one in readings if len(readings) <= 60 else ():
        body += f'<circle class="end" cx="{axis.pc(one.at):.2f}%" cy="{TOP + y(one.counted):.1f}" r="4"/>'
    for place, broken in enumerate(breaks):
        x = axis.pc(broken.at)
        body += line(x, x, TOP, TOP + HEIGHT, "limit")
        words += text(min(max(x, 12), 88), TOP + HEIGHT - 8 - 16 * (place % 3), broken.word, "bad halo", "middle")
    for mark in marks:
        if mark.counted is not None:
            body += f'<circle class="end" cx="{axis.pc(mark.at):.2f}%" cy="{TOP + y(mark.counted):.1f}" r="5.5"/>'
    words += text(100, TOP + y(total) - 8, figures.kwh(total), "en halo", "end")
    return Chart(
        svg=svg(TOP + HEIGHT + 24, _("The meter over the time of the charge"), [body, _axis(axis, zone)], [words]),
        question=_("Which readings make up this energy?"),
        head=(_("Time"), _("Heard"), _("Meter"), "kWh"),
        rows=_rows(readings, breaks, zone),
    )


def _axis(axis: Axis, zone: ZoneInfo) -> str:
    return x_words(TOP + HEIGHT + 18, time_ticks(axis.start, axis.end, zone))


Known = tuple[datetime, Decimal]


def _rising(moments: Sequence[Known]) -> list[Known]:
    """In order of time. A person may have corrected the end to less than the meter showed: the line does not fall to it."""
    rising: list[Known] = []
    for at, counted in sorted(moments):
        if not rising or counted >= rising[-1][1]:
            rising.append((at, counted))
    return rising


def _runs(known: Sequence[Known], gap_s: float) -> list[list[Known]]:
    runs: list[list[Known]] = []
    for one in known:
        if runs and (one[0] - runs[-1][-1][0]).total_seconds() <= gap_s:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def _thinned(run: Sequence[Known]) -> list[Known]:
    every = max(1, len(run) // MOST)
    return [*run[:-1:every], run[-1]]


def _rows(readings: Sequence[Reading], breaks: Sequence[Mark], zone: ZoneInfo) -> list[tuple[str, ...]]:
    """About two dozen readings, evenly spread, and every break."""
    every = max(1, len(readings) // 24)
    told = [
        (r.at, (_clock(r.at, zone), _clock(r.heard, zone), figures.meter(r.register), number(r.counted / 1000, 3)))
        for r in readings[::every]
    ]
    told += [(one.at, (_clock(one.at, zone), "", one.word, "")) for one in breaks]
    return [row for _at, row in sorted(told)]


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%H:%M:%S}"
