"""How many fall into each step: a bar a step, from cheaper to dearer."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from .chart import Chart
from .svg import number, percent, rect, svg, text

ROW, WORDS = 26, 34  # px of a row; percent of the width for the words


@dataclass(frozen=True, slots=True)
class Step:
    """`tone`: less, same or more."""

    word: str
    count: int
    tone: str


def spread(steps: Sequence[Step], *, question: str) -> Chart:
    highest = max((step.count for step in steps), default=0) or 1
    total = sum(step.count for step in steps) or 1
    body = [_bar(place, step, highest) for place, step in enumerate(steps)]
    return Chart(
        svg=svg(len(steps) * ROW + 4, question, body),
        question=question,
        head=(_("Change"), _("Charges"), _("Share")),
        rows=[(step.word, number(step.count), percent(step.count / total, 1)) for step in steps],
    )


def _bar(place: int, step: Step, highest: int) -> str:
    y = place * ROW
    width = (86 - WORDS) * step.count / highest
    bar = rect(
        WORDS,
        y + 4,
        max(width, 0.4 if step.count else 0),
        ROW - 9,
        f"sp-{step.tone}",
        f"{step.word}: {step.count}",
        ' rx="3"',
    )
    return (
        text(0, y + 17, step.word)
        + bar
        + text(WORDS + width + 1.2, y + 17, number(step.count), "on" if step.count else "")
    )
