"""What stands between a month and its end: the table of checks (filled by `close_checks`), and the figures of the month. Each looks
with a fixed number of queries, whatever it finds; `billing.services.month_end.close` keeps the answers, so that the page asks for none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet, Sum
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise

from accounts.models import Operator
from billing.models import Bookkeeping, Invoice, TakingsEntry
from billing.models.cdr import CDRQuerySet

from . import assurance, assurance_checks, ledger, months
from .months import Locks

NOTHING = Decimal(0)


class Asked(NamedTuple):
    """`start` and `end` are the month's midnights; `price` per kWh, for energy that has none."""

    operator: Operator
    month: date
    start: datetime
    end: datetime
    locks: Locks
    now: datetime
    price: Decimal | None

    @property
    def charges(self) -> CDRQuerySet:
        return ledger.charges(self.operator, self.month, months.after(self.month), self.locks)

    @property
    def documents(self) -> QuerySet[Invoice]:
        return ledger.documents(self.operator, self.month, months.after(self.month), self.locks)

    @property
    def takings(self) -> QuerySet[TakingsEntry]:
        return ledger.takings(self.operator, self.month, months.after(self.month), self.locks)


def asked(operator: Operator, month: date, locks: Locks, now: datetime) -> Asked:
    start, end = months.bounds(operator, month)
    price = assurance.average_price(assurance_checks.Asked(operator, now))
    return Asked(operator, month, start, end, locks, now, price)


@dataclass(frozen=True, slots=True)
class Found:
    """`amount` incl. VAT in the operator's currency, None where it is unknown. `facts` are what the sentence needs: JSON."""

    count: int
    amount: Decimal | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """`says` what was found in a sentence, `clean` that nothing was. `link`: where it is put right, and `action` what one does
    there. Not `blocking`: shown, and never in the way of closing."""

    name: str
    title: Promise
    find: Callable[[Asked], Found]
    says: Callable[[Found], str]
    clean: Callable[[Found], str]
    link: Callable[[date], str]
    action: Promise
    blocking: bool = True


CHECKS: dict[str, Check] = {}


def register(*checks: Check) -> None:
    """Once per process; a room above may have checks of its own."""
    for check in checks:
        CHECKS[check.name] = check


def find_all(asked: Asked) -> dict[str, Found]:
    return {name: check.find(asked) for name, check in CHECKS.items()}


def linked(name: str, **query: str) -> str:
    """A page by its name; "" where this installation does not have it."""
    try:
        return reverse(name) + (f"?{urlencode(query)}" if query else "")
    except NoReverseMatch:
        return ""


# ---- figures --------------------------------------------------------------------------------------------------------


def figures(asked: Asked) -> dict[str, Any]:
    """What the month amounts to, as JSON values: amounts as text. `net` and `vat` are of invoices, credit notes and corrispettivi
    together; `charges`, `energy` (Wh) of the charge records; `energy_cost` None where no price per kWh is known."""
    invoiced = _sums(asked.documents.filter(kind=Invoice.Kind.INVOICE), "total_excl_vat", "total_vat")
    credited = _sums(asked.documents.filter(kind=Invoice.Kind.CREDIT_NOTE), "total_excl_vat", "total_vat")
    taken = asked.takings.aggregate(
        net=Sum("taxable"),
        vat=Sum("vat"),
        days=Count("day", distinct=True),
        n=Count("pk", filter=Q(reverses=None, reversed_by=None)),
    )
    charges = asked.charges.aggregate(
        n=Count("pk", filter=Q(credits=None, credited_by=None)), wh=Sum("energy"), net=Sum("total_excl_vat")
    )
    late = asked.charges.filter(ledger.is_late(asked.operator, asked.month, happened="stopped_at")).aggregate(
        n=Count("pk"), net=Sum("total_excl_vat")
    )
    parts = (invoiced, credited, taken)
    wh = charges["wh"] or NOTHING
    cost = Bookkeeping.objects.filter(operator=asked.operator).values_list("energy_cost", flat=True).first()
    return {
        "net": str(sum((part["net"] or NOTHING for part in parts), NOTHING)),
        "vat": str(sum((part["vat"] or NOTHING for part in parts), NOTHING)),
        "invoices": {"n": invoiced["n"], "net": str(invoiced["net"] or NOTHING)},
        "credit_notes": {"n": credited["n"], "net": str(credited["net"] or NOTHING)},
        "takings": {"n": taken["n"], "days": taken["days"], "net": str(taken["net"] or NOTHING)},
        "charges": {"n": charges["n"], "net": str(charges["net"] or NOTHING)},
        "late": {"n": late["n"], "net": str(late["net"] or NOTHING)},
        "energy": str(wh),
        "energy_cost": None if cost is None else str((wh * cost / 1000).quantize(Decimal("0.01"))),
    }


def _sums(found: QuerySet[Invoice], net: str, vat: str) -> dict[str, Any]:
    return found.aggregate(n=Count("pk"), net=Sum(net), vat=Sum(vat))
