"""An entry of the journal: moves between accounts that are nothing when added up."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from billing.models import Invoice
from billing.selectors import months
from billing.tariffs import exact

from . import asking
from .accounts import Account
from .kinds import Ask

NOTHING = Decimal(0)
Rates = dict[Decimal | None, tuple[Decimal, Decimal]]
"""Taxable and VAT by rate in percent; None: without VAT."""


class Unbalanced(AssertionError):
    """Debits and credits of an entry differ: a bug, never a file."""


class Move(NamedTuple):
    """A positive amount is a debit, a negative one a credit. `rate` in percent, None where no VAT plays a part."""

    account: Account
    amount: Decimal
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    day: date
    document: str
    text: str
    currency: str
    moves: tuple[Move, ...]

    def __post_init__(self) -> None:
        if sum((move.amount for move in self.moves), NOTHING):
            raise Unbalanced(f"{self.document} {self.text}: {self.moves}")


class Month:
    """What a journal is asked for: `start` and `end` are its midnights."""

    def __init__(self, ask: Ask) -> None:
        self.ask, self.operator, self.first = ask, ask.operator, asking.month_of(ask.params)
        self.until, self.locks = months.after(self.first), months.Locks.of(ask.operator)
        self.start, self.end = months.bounds(ask.operator, self.first)

    def day(self, at: datetime) -> date:
        """What came late is booked on the first day that was open."""
        return max(at.astimezone(months.zone(self.operator)).date(), self.first)


def rates_of(document: Invoice) -> Rates:
    found: Rates = defaultdict(lambda: (NOTHING, NOTHING))
    for row in json.loads(document.vat_summary):
        add(found, row, 1)
    return dict(found)


def add(rates: Rates, row: Mapping[str, str], sign: int) -> None:
    """A row of a VAT summary: rate ("22" or None), taxable and vat."""
    rate = None if row["rate"] is None else exact.rounded(exact.number_of(row["rate"]), 2)
    taxable, vat = rates[rate]
    rates[rate] = (taxable + sign * Decimal(row["taxable"]), vat + sign * Decimal(row["vat"]))
