"""Many rows in few statements: unnest and COPY on PostgreSQL, executemany elsewhere. The only test of the database vendor.

Columns are named as fields or attnames ("station_id"); a row is a sequence of values in the order of the columns, **already as
stored**: foreign keys as primary keys, EnergyField as integer mWh, MoneyField as integer millionths, JSON as text. Datetimes
(aware), UUIDs and Decimals are adapted here. Model defaults, `auto_now` and `save()` do not run. Needs no transaction, belongs in
one. Errors are Django's (`django.db.IntegrityError` …); text with NUL is a DataError on PostgreSQL and must not come this far.
The texts of statements are made once per process.
"""

# ruff: noqa: S608 (the only names in these statements are those of our models)

import functools
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from django.db import connection, models

Row = Sequence[Any]
Names = Sequence[str]
Model = type[models.Model]

WORTH_A_COPY = 200  # fewer rows are cheaper in a statement that is planned already


def insert(model: Model, columns: Names, rows: Sequence[Row]) -> None:
    """Rows that are certainly new (PostgreSQL: COPY where they are many). A row that breaks a constraint fails them all."""
    if len(rows) < WORTH_A_COPY or connection.vendor != "postgresql":
        _insert(model, columns, rows, "")
        return
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(_copy(model, tuple(columns))) as copy,
    ):
        for row in rows:
            copy.write_row(row)


def insert_new(model: Model, columns: Names, rows: Sequence[Row], *, conflict: Names = ()) -> int:
    """Inserts the rows whose unique key `conflict` (empty: any key) is not there yet. Returns how many were new."""
    return _insert(model, columns, rows, _skip(model, tuple(conflict)))


def upsert(model: Model, columns: Names, rows: Iterable[Row], *, key: Names, update: Names) -> int:
    """Inserts, or writes the `update` columns of the row with the same unique `key`; of several rows with one key the last
    wins. Written in the order of the key, so that two writers do not deadlock. Returns how many rows were written."""
    places = [list(columns).index(name) for name in key]
    last = {tuple(row[place] for place in places): row for row in rows}
    return _insert(model, columns, [last[k] for k in sorted(last)], _overwrite(model, tuple(key), tuple(update)))


def update(model: Model, key: Names, columns: Names, rows: Sequence[Row]) -> int:
    """Each row is the values of `key`, then those of `columns`; a key at most once. Returns how many rows were found."""
    if not rows:
        return 0
    vendor, key, columns = connection.vendor, tuple(key), tuple(columns)
    statement = _update(vendor, model, key, columns)
    if vendor == "postgresql":
        return _run(statement, _arrays(rows))[0]
    in_order = [(*row[len(key) :], *row[: len(key)]) for row in rows]
    return _many(statement, _adapters(vendor, model, columns + key), in_order)


def read(statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a SELECT with `mark()` where values belong; a list is one value (`cms.core.lookups`)."""
    if connection.vendor == "postgresql":
        return _run(statement, values, fetch=True)[1]
    with connection.cursor() as cursor:
        cursor.execute(statement, [_single(value) for value in values])
        return cursor.fetchall()


def mark() -> str:
    return "%b" if connection.vendor == "postgresql" else "%s"


def allocate(model: Model, count: int) -> list[int]:
    """Primary keys for rows that will be inserted in this transaction, ascending; none is ever given out twice.

    PostgreSQL takes them from the table's sequence. SQLite's writer is alone in its transaction and continues AUTOINCREMENT.
    """
    if not count:
        return []
    if connection.vendor == "postgresql":
        sequence = "SELECT nextval(pg_get_serial_sequence(%b, 'id')) FROM generate_series(1, %b)"
        return sorted(number for (number,) in read(sequence, [_table(model), count]))
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [model._meta.db_table])
        last = cursor.fetchone()
    first = int(last[0]) + 1 if last else 1
    return list(range(first, first + count))


# ---- running -----------------------------------------------------------------------------------------------------


def _insert(model: Model, columns: Names, rows: Sequence[Row], on_conflict: str) -> int:
    if not rows:
        return 0
    vendor, columns = connection.vendor, tuple(columns)
    statement = _into(vendor, model, columns) + on_conflict
    if vendor == "postgresql":
        return _run(statement, _arrays(rows))[0]
    return _many(statement, _adapters(vendor, model, columns), rows)


def _run(statement: str, parameters: Sequence[Any], fetch: bool = False) -> tuple[int, list[tuple[Any, ...]]]:
    # Django's cursor writes parameters as text: 79 µs for a row with a JSON text, against 3 µs as binary arrays
    from psycopg import Cursor

    with connection.cursor(), connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        connection.validate_no_broken_transaction()
        cursor.execute(statement, parameters)
        return int(cursor.rowcount), cursor.fetchall() if fetch else []


def _many(statement: str, adapters: "Adapters", rows: Sequence[Row]) -> int:
    columns = list(zip(*rows, strict=True))
    for place, adapt in adapters:
        columns[place] = tuple(map(adapt, columns[place]))
    with connection.cursor() as cursor:
        cursor.executemany(statement, list(zip(*columns, strict=True)))
        return int(cursor.rowcount)


def _arrays(rows: Sequence[Row]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


# ---- values for a database without types of its own for them ------------------------------------------------------


Adapters = Sequence[tuple[int, Callable[[Any], Any]]]


@functools.cache
def _adapters(vendor: str, model: Model, columns: tuple[str, ...]) -> Adapters:
    """By the places of their columns."""
    return [(place, adapt) for place, field in enumerate(_fields(model, columns)) if (adapt := _adapter(field))]


def _adapter(field: models.Field) -> Callable[[Any], Any] | None:
    stored = field.target_field if isinstance(field, models.ForeignKey) else field
    kind = stored.get_internal_type()
    if kind == "DateTimeField" and connection.vendor == "sqlite" and connection.timezone is UTC:
        return _moment
    if kind in {"DateTimeField", "DateField", "UUIDField", "DecimalField"}:
        return lambda value: None if value is None else stored.get_db_prep_value(value, connection, prepared=True)
    return None


@functools.lru_cache(maxsize=4096)
def _moment(at: datetime | None) -> str | None:
    """As Django's own adapter writes it, in a tenth of the time. A batch writes most of its moments more than once."""
    if at is None:
        return None
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat(" ")[:-6]


def _single(value: Any) -> Any:
    if isinstance(value, list):
        return orjson.dumps(value).decode()
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


# ---- the texts ---------------------------------------------------------------------------------------------------


@functools.cache
def _into(vendor: str, model: Model, columns: tuple[str, ...]) -> str:
    fields = _fields(model, columns)
    values = f"SELECT * FROM {_unnest(fields)}" if vendor == "postgresql" else f"VALUES ({_marks(fields)})"
    return f"INSERT INTO {_table(model)} ({_list(fields)}) {values}"


@functools.cache
def _copy(model: Model, columns: tuple[str, ...]) -> str:
    return f"COPY {_table(model)} ({_list(_fields(model, columns))}) FROM STDIN"


@functools.cache
def _skip(model: Model, conflict: tuple[str, ...]) -> str:
    target = f"({_list(_fields(model, conflict))}) " if conflict else ""
    return f" ON CONFLICT {target}DO NOTHING"


@functools.cache
def _overwrite(model: Model, key: tuple[str, ...], update: tuple[str, ...]) -> str:
    changes = ", ".join(f"{c} = excluded.{c}" for c in _columns(_fields(model, update)))
    return f" ON CONFLICT ({_list(_fields(model, key))}) DO UPDATE SET {changes}"


@functools.cache
def _update(vendor: str, model: Model, key: tuple[str, ...], columns: tuple[str, ...]) -> str:
    keys, values, table = _fields(model, key), _fields(model, columns), _table(model)
    if vendor != "postgresql":
        changes = ", ".join(f"{c} = %s" for c in _columns(values))
        where = " AND ".join(f"{c} = %s" for c in _columns(keys))
        return f"UPDATE {table} SET {changes} WHERE {where}"
    changes = ", ".join(f"{c} = new.{c}" for c in _columns(values))
    where = " AND ".join(f"{table}.{c} = new.{c}" for c in _columns(keys))
    return f"UPDATE {table} SET {changes} FROM {_unnest(keys + values)} AS new({_list(keys + values)}) WHERE {where}"


@functools.cache
def _fields(model: Model, names: tuple[str, ...]) -> list[models.Field]:
    return [model._meta.get_field(name) for name in names]  # type: ignore[misc]


def _table(model: Model) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _columns(fields: Sequence[models.Field]) -> list[str]:
    return [connection.ops.quote_name(str(field.column)) for field in fields]


def _list(fields: Sequence[models.Field]) -> str:
    return ", ".join(_columns(fields))


def _marks(fields: Sequence[models.Field]) -> str:
    return ", ".join(["%s"] * len(fields))


def _unnest(fields: Sequence[models.Field]) -> str:
    # without the length: a cast to varchar(48) would cut silently, storing into the column refuses
    types = [str(field.db_type(connection)).partition("(")[0] for field in fields]
    return f"unnest({', '.join(f'%b::{name}[]' for name in types)})"
