"""Queries that are built and compiled once and then only given their values: what the hot path reads.

    @prepared
    def _running(stations: Given) -> QuerySet:
        return ChargingSession.objects.active().filter(station_id__among=stations).values_list("pk", "state")

    _running([7, 12])  # → [(pk, state), …]

Django takes 0.5 ms to build and compile a query that the database answers in 0.05 ms. The text is kept per database vendor;
constants stand in it as literals, so that partial indexes fit; PostgreSQL plans it once (a prepared statement). `among` is
`in` with all values in one parameter, so that the text is the same however many there are.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Field, QuerySet
from django.db.models.expressions import Expression
from django.db.models.fields.related import ForeignObject
from django.db.models.lookups import Lookup

from cms.core import rows

Rows = list[tuple[Any, ...]]


class Given(Expression):
    """The value of one argument, known when the query runs: a list for `among`, else a single value."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self.place = place

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        return "%s", [self]


@Field.register_lookup
@ForeignObject.register_lookup
class Among(Lookup):
    """An array on PostgreSQL, a JSON text elsewhere. Empty finds nothing."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} IN (SELECT value FROM json_each(%s))", [*parameters, self.rhs]  # noqa: S608

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        kind = str(self.lhs.output_field.rel_db_type(connection)).partition("(")[0]
        return f"{column} = ANY(%s::{kind}[])", [*parameters, self.rhs]


class _Compiled(NamedTuple):
    """`places` are the arguments in the order of the text's marks, `converters` those of the columns that need one."""

    text: str
    places: list[int]
    converters: list[tuple[int, list[Any], Any]]


def prepared(build: Callable[..., QuerySet[Any, Any]]) -> Callable[..., Rows]:
    """`build` gets a Given per argument and returns a `values_list`. Arguments are not None, those for `among` are lists."""
    compiled: dict[str, _Compiled] = {}
    arguments = [Given(place) for place in range(build.__code__.co_argcount)]

    @functools.wraps(build)
    def fetch(*values: Any) -> Rows:
        known = compiled.get(connection.vendor)
        if known is None:
            known = compiled[connection.vendor] = _compile(build(*arguments))
        found = rows.read(known.text, [values[place] for place in known.places])
        return _converted(found, known.converters) if known.converters else found

    return fetch


def _compile(query: QuerySet[Any, Any]) -> _Compiled:
    compiler = query.query.get_compiler(connection=connection)
    text, parameters = compiler.as_sql()
    marks = [rows.mark() if isinstance(each, Given) else _literal(each) for each in parameters]
    pieces = text.split("%s")
    places = [each.place for each in parameters if isinstance(each, Given)]
    converters = compiler.get_converters([column for column, _sql, _alias in compiler.select])
    return _Compiled(
        "".join(map(str.__add__, pieces, [*marks, ""])), places, [(place, *how) for place, how in converters.items()]
    )


def _literal(value: Any) -> str:
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''").replace("%", "%%") + "'"
    raise TypeError(f"a constant of a prepared query is text or a number, not {value!r}")


def _converted(found: Rows, converters: list[tuple[int, list[Any], Any]]) -> Rows:
    columns = list(zip(*found, strict=True))
    for place, how, expression in converters if columns else ():
        for convert in how:
            columns[place] = tuple([convert(value, expression, connection) for value in columns[place]])
    return list(zip(*columns, strict=True))
