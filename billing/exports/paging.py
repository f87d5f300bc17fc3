"""Long lists in pages: each is read whole before its rows are written.

A cursor that stays open while the job says how far it is keeps SQLite from writing: its snapshot is older than what others wrote
meanwhile. And no database has to keep a cursor for minutes.
"""

from collections.abc import Iterator
from itertools import islice
from typing import TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)
PAGE = 1000
_LOOKUP = 500


def by_key(found: "QuerySet[Row]", *, newest_first: bool = False) -> Iterator[Row]:
    """In the order of the primary key."""
    ordered = found.order_by("-pk" if newest_first else "pk")
    page = list(ordered[:PAGE])
    while page:
        yield from page
        beyond = {"pk__lt" if newest_first else "pk__gt": page[-1].pk}
        page = list(ordered.filter(**beyond)[:PAGE]) if len(page) == PAGE else []


def in_order(found: "QuerySet[Row]") -> Iterator[Row]:
    """In the order that it has: its keys are read first (some MB for 100,000 rows)."""
    keys = iter(list(found.values_list("pk", flat=True)))
    rows = found.order_by()
    while page := list(islice(keys, _LOOKUP)):
        by_pk = {row.pk: row for row in rows.filter(pk__in=page)}
        yield from (by_pk[pk] for pk in page if pk in by_pk)
