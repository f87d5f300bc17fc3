"""Chart 13: does it grow? A word-sized line of counts by day, beside the number that it belongs to."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from .svg import number

WIDTH, HEIGHT, EDGE = 120, 28, 5


def sparkline(points: Sequence[tuple[date, int]], *, days: int = 30) -> SafeString:
    """`points` in the order of days, the last one today; a day that is missing is a gap, never a bridge. Its words say how
    it began, the most, and how it is now."""
    if not points:
        return mark_safe("")
    last, most = points[-1][0], max(1, *(count for _day, count in points))
    runs: list[list[tuple[float, float]]] = []
    before: date | None = None
    for day, count in points:
        x = EDGE + (WIDTH - 2 * EDGE) * (1 - (last - day).days / max(days - 1, 1))
        y = HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * count / most
        if before is None or day - before > timedelta(days=1):
            runs.append([])
        runs[-1].append((x, y))
        before = day
    drawn = "".join(f'<path class="line" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in run)}"/>' for run in runs)
    x, y = runs[-1][-1]
    return mark_safe(  # noqa: S308 - numbers, and words through escape
        f'<svg class="chart spark" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(_words(points, days))}">{drawn}<circle class="end" cx="{x:.1f}" cy="{y:.1f}" r="4"/></svg>'
    )


def _words(points: Sequence[tuple[date, int]], days: int) -> str:
    counts = [count for _day, count in points]
    if len(counts) == 1:
        return _("Today %(now)s; earlier days were not kept.") % {"now": number(counts[0])}
    return _("The last %(days)s days: %(first)s at first, %(most)s at most, %(now)s today.") % {
        "days": days,
        "first": number(counts[0]),
        "most": number(max(counts)),
        "now": number(counts[-1]),
    }
