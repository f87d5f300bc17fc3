"""Chart 10: money in by month, what the energy cost inside it, last year as a mark."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from cms.templatetags import figures

from .chart import Chart
from .svg import NB, line, nice_ticks, number, rect, svg, text, y_axis


@dataclass(frozen=True, slots=True)
class Month:
    """Amounts in the currency's units; None where it is not known."""

    word: str
    revenue: Decimal
    energy_cost: Decimal | None = None
    last_year: Decimal | None = None


def revenue(months: Sequence[Month], *, currency: str = "EUR") -> Chart:
    """Thousands on the axis from 10,000 on."""
    top, height = 18, 190
    highest = max((value or Decimal(0) for m in months for value in (m.revenue, m.last_year)), default=Decimal(0))
    sign = figures.SIGNS.get(currency, currency)
    divisor = Decimal(1000) if highest >= 10_000 else Decimal(1)
    unit = _("thousand %(currency)s") % {"currency": sign} if divisor > 1 else sign
    ticks = nice_ticks(float(highest / divisor) or 1)
    ys = lambda amount: height * float(amount / divisor) / ticks[-1]  # noqa: E731
    lines, words = y_axis(top, height, ticks, unit)
    body, step = [lines], 92 / max(len(months), 1)
    for i, month in enumerate(months):
        x = 8 + i * step + step * 0.2
        for amount, cls, name in (
            (month.revenue, "f-money", _("revenue")),
            (month.energy_cost, "f-energy", _("energy cost")),
        ):
            if amount is not None and amount > 0:
                title = f"{month.word}: {name} {number(amount, 2)}{NB}{sign}"
                body.append(rect(x, top + height - ys(amount), step * 0.6, ys(amount), cls, title, ' rx="2"'))
        if month.last_year is not None:
            y = top + height - ys(month.last_year)
            body.append(line(x - 0.8, x + step * 0.6 + 0.8, y, y, "tick"))
        newest = i == len(months) - 1
        wide = len(months) > 6 and (len(months) - 1 - i) % 2 == 1
        body.append(
            text(x + step * 0.3, top + height + 18, month.word, "on" if newest else "w" if wide else "", "middle")
        )
    if months:
        last = months[-1].revenue
        label = number(last / divisor, 1 if divisor > 1 else 2)
        right = 8 + (len(months) - 0.2) * step
        words += text(right, top + height - ys(last) - 8, label, "mo halo", "end")
    cell = lambda amount: "–" if amount is None else number(amount, 2)  # noqa: E731
    return Chart(
        svg=svg(top + height + 24, _("Revenue by month, with energy cost and the year before"), body, [words]),
        question=_("Are we earning?"),
        head=(
            _("Month"),
            _("Revenue, %(currency)s") % {"currency": sign},
            _("Energy cost, %(currency)s") % {"currency": sign},
            _("Year before, %(currency)s") % {"currency": sign},
        ),
        rows=[(m.word, cell(m.revenue), cell(m.energy_cost), cell(m.last_year)) for m in months],
        key=_key(months),
    )


def _key(months: Sequence[Month]) -> str:
    parts = [("k-money", _("Revenue"))]
    if any(m.energy_cost is not None for m in months):
        parts.append(("k-energy", _("Energy cost inside")))
    out = mark_safe("")
    for cls, word in parts:
        out += format_html(
            '<li><svg class="st" viewBox="0 0 14 14" aria-hidden="true"><rect class="{}" width="14" height="14" rx="2"/></svg>{}</li>',
            cls,
            word,
        )
    if any(m.last_year is not None for m in months):
        out += format_html(
            '<li><svg class="st" viewBox="0 0 14 14" aria-hidden="true"><path class="k-tick" d="M0 7h14"/></svg>{}</li>',
            _("Year before"),
        )
    return format_html('<ul class="key plain">{}</ul>', out)
