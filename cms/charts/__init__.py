"""Charts drawn as SVG on the server: sharp from 320 px to a wall screen, and there without JavaScript, in print, in a mail.

Every function is pure (no models, no database, no clock) and returns a `Chart`: the picture, the question it answers, a
table twin (`head`, `rows`) and, where colours need one, a `key`. Place it with `components/chart_card.html`; the caller
writes the sentence that answers the question. Words come through gettext, numbers through Django's active language.

| function | question | takes |
|---|---|---|
| `ribbon(counts)` | how is the network right now? | `StateCount(state, word, count, href)` |
| `power_band(points, *, now, band_words)` | is delivery normal for this hour? | `BandPoint(minute, low_w, high_w, today_w)` |
| `strip(tracks, *, start, end, now, zone, words)` | when did it break, and for how long? | `Track(name, parts)`, `Part(start, end, state)` |
| `power_lines(lines, *, start, end, zone)` | is power flowing? | `Line(name, points, faulted)`, points `(at, watts)` |
| `session(points, *, zone, events, blocks, …)` | what happened in this charge, and why this price? | `Point(at, power_w, energy_wh, soc)`, `Event(number, at)`, `CostBlock(label, level, points)` |
| `registers(readings, *, zone, total, marks, breaks)` | which readings make up this energy? | `Reading(at, heard, register, counted)`, `Mark(at, word, counted)` |
| `heatmap(cells, *, unit)` | when is it busy? | 7 × 24 shares or None, Monday first, local hours |
| `time_split(rows)` | too small, blocked by parked cars, or broken? | `Split(name, charging, idle, free, down, href)`, shares of time |
| `revenue(months, *, currency)` | are we earning? | `Month(word, revenue, energy_cost, last_year)` |
| `week_prices(bands, *, now, doubts)` | what is the price at any hour? | `PriceBand(day, start_s, end_s, words, level)`, `Doubt(day, start_s, end_s, words)` |
| `spread(steps, *, question)` | how many fall into each step? | `Step(word, count, tone)` |
| `sparkline(points, *, days)` | does it grow? (only the picture) | `(day, count)` |
| `energy_days(days)` | is energy growing? | `Day(day, energy_wh, low_wh, high_wh)` |

How it is drawn: shapes live in a nested `<svg>` that stretches (non-scaling strokes), words stay outside it, placed in
percent, always 12 px; class `w` hides a word on phones, `n` on wide screens. Colours are classes, so that both themes come
from tokens.css. Gaps are hatched, never bridged. Coordinates are floats: pixels, never money or energy.
"""

from .bands import BandPoint, Day, energy_days, power_band
from .chart import Chart
from .columns import Month, revenue
from .curves import CostBlock, Event, Line, Point, power_lines, session
from .heat import heatmap
from .registers import Mark, Reading, registers
from .sparkline import sparkline
from .spread import Step, spread
from .states import Part, Split, StateCount, Track, ribbon, strip, time_split
from .week import Doubt, PriceBand, span, week_prices

__all__ = [
    "BandPoint",
    "Chart",
    "CostBlock",
    "Day",
    "Doubt",
    "Event",
    "Line",
    "Mark",
    "Month",
    "Part",
    "Point",
    "PriceBand",
    "Reading",
    "Split",
    "StateCount",
    "Step",
    "Track",
    "energy_days",
    "heatmap",
    "power_band",
    "power_lines",
    "registers",
    "revenue",
    "ribbon",
    "session",
    "span",
    "sparkline",
    "spread",
    "strip",
    "time_split",
    "week_prices",
]
