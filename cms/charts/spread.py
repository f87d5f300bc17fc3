"""How many fall into each step: a bar a step, from cheaper to dearer. On a phone the words stand over their bar."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.translation import gettext as _

from .chart import Chart
from .svg import number, percent, rect, svg, text

ROW, WORDS = 26, 24  # px of a row; percent of the width for the words
TALL = 40  # px of a row on a phone
ROOM = 12  # percent kept for the number behind the longest bar


@dataclass(frozen=True, slots=True)
class Step:
    """`tone`: less, same or more."""

    word: str
    count: int
    tone: str


def spread(steps: Sequence[Step], *, question: str) -> Chart:
    highest = max((step.count for step in steps), default=0) or 1
    total = sum(step.count for step in steps) or 1
    beside = [text(0, place * ROW + 17, step.word) for place, step in enumerate(steps)]
    beside += [_bar(step, WORDS, place * ROW + 4, highest) for place, step in enumerate(steps)]
    over = [text(0, place * TALL + 12, step.word) for place, step in enumerate(steps)]
    over += [_bar(step, 0, place * TALL + 18, highest) for place, step in enumerate(steps)]
    return Chart(
        svg=format_html(
            '<div class="wide-only">{}</div><div class="narrow-only">{}</div>',
            svg(len(steps) * ROW + 4, question, beside),
            svg(len(steps) * TALL + 4, question, over),
        ),
        question=question,
        head=(_("Change"), _("Charges"), _("Share")),
        rows=[(step.word, number(step.count), percent(step.count / total, 1)) for step in steps],
    )


def _bar(step: Step, left: float, y: float, highest: int) -> str:
    width = (100 - ROOM - left) * step.count / highest
    bar = rect(
        left,
        y,
        max(width, 0.4) if step.count else 0,
        ROW - 9,
        f"sp-{step.tone}",
        f"{step.word}: {step.count}",
        ' rx="3"',
    )
    return bar + text(left + width + 1.2, y + 13, number(step.count), "on" if step.count else "")
