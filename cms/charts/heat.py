"""Chart 7: hour × weekday, one hue, local time."""

from collections.abc import Sequence

from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from .chart import Chart
from .svg import percent, rect, svg, text

LEFT, CELL, ROW = 6.5, 93.5 / 24, 26


def heatmap(cells: Sequence[Sequence[float | None]], *, unit: str = "") -> Chart:
    """`cells[weekday][hour]`: share 0…1 of connectors in use, Monday first; None = no data. The darkest cell is the busiest."""
    busiest = max((value or 0 for row in cells for value in row), default=0) or 1
    body = []
    for day, row in enumerate(cells):
        y = day * ROW
        body.append(
            text(0, y + 17, str(WEEKDAYS_ABBR[day]), "w") + text(0, y + 17, str(WEEKDAYS[day])[:1].upper(), "n")
        )
        for hour, value in enumerate(row):
            name = f"{WEEKDAYS[day]} {hour:02d}:00–{hour + 1:02d}:00"
            x = LEFT + hour * CELL
            if value is None:
                body.append(rect(x, y, CELL - 0.25, ROW - 2, "gap", f"{name}: –", ' rx="2"'))
                continue
            depth = 0.06 + 0.94 * value / busiest
            title = f"{name}: {percent(value)} {unit}".strip()
            body.append(rect(x, y, CELL - 0.25, ROW - 2, "f-blue", title, f' rx="2" fill-opacity="{depth:.2f}"'))
    bottom = 7 * ROW + 14
    for hour in range(0, 25, 3):
        x = LEFT + hour * CELL
        anchor = "end" if hour == 24 else "start" if hour == 0 else "middle"
        body.append(text(x, bottom, f"{hour:02d}", "w" if hour % 6 else "", anchor))
    days = [str(WEEKDAYS_ABBR[day]) for day in range(7)]
    return Chart(
        svg=svg(bottom + 6, _("Use by hour and weekday"), body),
        question=_("When is it busy?"),
        head=(_("Hour"), *days),
        rows=[
            (f"{hour:02d}:00", *("–" if row[hour] is None else percent(row[hour] or 0) for row in cells))
            for hour in range(24)
        ],
    )
