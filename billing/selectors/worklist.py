"""A month as its page shows it, from what was kept: lines to decide, accepted, and in order."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from accounts.models import Operator
from billing.models import MonthClose, MonthCloseEvent

from . import months
from .closing import CHECKS, NOTHING, Check, Found


@dataclass(frozen=True, slots=True)
class Line:
    """`state`: bad (to be decided), open (shown only), accepted, ok. `url`: where it is put right."""

    check: Check
    found: Found
    state: str
    accepted: MonthCloseEvent | None
    url: str = ""

    @property
    def said(self) -> str:
        return self.check.says(self.found) if self.found.count else self.check.clean(self.found)


@dataclass(frozen=True, slots=True)
class Picture:
    row: MonthClose
    lines: Sequence[Line]
    figures: Mapping[str, Any]
    events: Sequence[MonthCloseEvent]

    @property
    def to_decide(self) -> list[Line]:
        return [line for line in self.lines if line.state == "bad"]

    @property
    def in_order(self) -> int:
        return sum(line.state in ("ok", "accepted") for line in self.lines)

    @property
    def at_stake(self) -> Decimal:
        return sum((line.found.amount or NOTHING for line in self.to_decide), NOTHING)

    def figure(self, name: str) -> Decimal | None:
        value = self.figures.get(name)
        return None if value is None else Decimal(value)


def picture(row: MonthClose) -> Picture:
    """Worst first. Two queries at most: the row is there, its events are few."""
    events = list(row.events.select_related("by"))
    accepted = _accepted(events)
    found = loaded(row)
    lines = [
        _line(check, found[name], accepted.get(name), row.month) for name, check in CHECKS.items() if name in found
    ]
    lines.sort(key=lambda line: (_ORDER[line.state], -(line.found.amount or NOTHING)))
    return Picture(row, lines, json.loads(row.figures), events)


_ORDER = {"bad": 0, "open": 1, "accepted": 2, "ok": 3}


def _line(check: Check, found: Found, accepted: MonthCloseEvent | None, month: date) -> Line:
    if not found.count:
        return Line(check, found, "ok", None)
    if accepted and _covers(accepted, found):
        return Line(check, found, "accepted", accepted)
    return Line(check, found, "bad" if check.blocking else "open", None, check.link(month))


def _covers(event: MonthCloseEvent, found: Found) -> bool:
    """Somebody accepted as much, not more."""
    known = _found(json.loads(event.facts))
    return found.count <= known.count and (found.amount or NOTHING) <= (known.amount or NOTHING)


def acceptances(row: MonthClose) -> dict[str, MonthCloseEvent]:
    """By check, what somebody accepted and nobody took back."""
    return _accepted(list(row.events.select_related("by")))


def _accepted(events: Sequence[MonthCloseEvent]) -> dict[str, MonthCloseEvent]:
    standing: dict[str, MonthCloseEvent] = {}
    for event in sorted(events, key=lambda event: event.pk):
        if event.kind == MonthCloseEvent.Kind.ACCEPTED:
            standing[event.subject] = event
        elif event.kind == MonthCloseEvent.Kind.WITHDRAWN:
            standing.pop(event.subject, None)
    return standing


def loaded(row: MonthClose) -> dict[str, Found]:
    return {name: _found(one) for name, one in json.loads(row.checks).items()}


def dumped(found: Found) -> dict[str, Any]:
    amount = None if found.amount is None else str(found.amount)
    return {"count": found.count, "amount": amount, "facts": dict(found.facts)}


def _found(kept: Mapping[str, Any]) -> Found:
    amount = kept.get("amount")
    return Found(kept.get("count", 0), None if amount is None else Decimal(amount), kept.get("facts", {}))


def past(operator: Operator, month: date, shown: int) -> dict[date, Mapping[str, Any]]:
    """Figures of the months that lead up to `month`, itself included. One query."""
    since = months.after(month, 1 - shown)
    rows = MonthClose.objects.filter(operator=operator, month__gte=since, month__lte=month)
    return {on: json.loads(figures) for on, figures in rows.values_list("month", "figures")}


def decisions(operator: Operator) -> int:
    """How many lines of the last month that is over wait for somebody; 0 once it is closed. One query."""
    over = MonthClose.objects.filter(operator=operator, month__lt=months.this(operator)).order_by("-month")
    last = over.values_list("to_decide", "closed_at").first()
    return last[0] if last and last[1] is None else 0


def waiting(operator: Operator) -> date:
    """The month to work at: the first after the last closed one that is over; the last one that is over, else."""
    over = months.after(months.this(operator), -1)
    last = months.Locks.of(operator).last
    return over if last is None else min(over, months.after(last)) if last < over else over
