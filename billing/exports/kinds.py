"""What can be exported: one table, which higher rooms add to. `billing.services.month_end.exports` starts, runs and keeps them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Protocol
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.models import Operator, User
from cms.core.csv_dialect import Cell
from cms.core.errors import Invalid

Params = dict[str, str]
Step = Callable[[int], None]
"""Told how many steps are done so far; raises where the job was cancelled or taken over."""


@dataclass(frozen=True, slots=True)
class Ask:
    """`params` as `Kind.clean` left them; `reader` is who asked: what he may not see is not in the file."""

    operator: Operator
    params: Mapping[str, str]
    language: str
    zone: ZoneInfo
    reader: User | None


class Format(StrEnum):
    """How a spreadsheet shows a column."""

    TEXT = "text"
    WHOLE = "whole"
    MONEY = "money"
    NUMBER = "number"
    ENERGY = "energy"
    INSTANT = "instant"
    DAY = "day"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Column:
    """`name` is what machines read, `title` people. A `summed` column has totals below, per currency where rows have one."""

    name: str
    title: Promise | str
    format: Format = Format.TEXT
    summed: bool = False
    width: int = 0


class Summary(Protocol):
    def take(self, row: Sequence[Cell]) -> None: ...

    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """`clean` turns what a form or a link says into canonical params (Invalid where it makes no sense). Either `columns` and `rows`
    (in an order that is the same each time), or `build`, which writes bytes and returns how many things are in it: then `suffix`
    and `media_type` say what. `count`: how many steps there will be. `stem`: the file's name without its ending. `says`: params
    in words, for the history. Not `listed`: it starts from its own page alone. `personal`: what is in it depends
    on who asked, so that others may have it only if they may see drivers. `sums`: what hears every row and says afterwards what a
    page shows of them. `small`: so many rows are written while the person waits."""

    name: str
    title: Promise
    permission: str
    clean: Callable[[Operator, Mapping[str, str]], Params]
    stem: Callable[[Ask], str]
    columns: Sequence[Column] = ()
    rows: Callable[[Ask], Iterable[Sequence[Cell]]] | None = None
    count: Callable[[Ask], int] | None = None
    build: Callable[[Ask, IO[bytes], Step], int] | None = None
    suffix: str = ""
    media_type: str = ""
    says: Callable[[Mapping[str, str]], str] | None = None
    listed: bool = True
    personal: bool = False
    sums: Callable[[Ask], Summary] | None = None
    small: int = 2_000

    @property
    def is_table(self) -> bool:
        return self.rows is not None


KINDS: dict[str, Kind] = {}


def register(*kinds: Kind) -> None:
    """Once per process, from an app's ready()."""
    for kind in kinds:
        KINDS[kind.name] = kind


def of(name: str) -> Kind:
    """Raises Invalid for a kind that does not exist."""
    try:
        return KINDS[name]
    except KeyError as unknown:
        raise Invalid({"kind": [_("There is no such export.")]}) from unknown
