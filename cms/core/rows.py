"""Many rows in few statements: COPY and unnest on PostgreSQL, executemany elsewhere. The only test of the database vendor.

Columns are named as fields or attnames ("station_id"); a row is a sequence of values in the order of the columns, **already as
stored**: foreign keys as primary keys, EnergyField as integer mWh, MoneyField as integer millionths, JSON as text. Datetimes
(aware), UUIDs and Decimals are adapted here. Model defaults, `auto_now` and `save()` do not run. Needs no transaction, belongs in
one. Errors are Django's (`django.db.IntegrityError` …); text with NUL is a DataError on PostgreSQL and must not come this far.
"""

# ruff: noqa: S608 (the only names in these statements are those of our models)

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import connection, models

Row = Sequence[Any]
Names = Sequence[str]


def insert(model: type[models.Model], columns: Names, rows: Sequence[Row]) -> None:
    """Rows that are certainly new (PostgreSQL: COPY). A row that breaks a constraint fails them all."""
    if not rows:
        return
    fields = _fields(model, tuple(columns))
    if connection.vendor != "postgresql":
        _many(f"INSERT INTO {_table(model)} ({_list(fields)}) VALUES ({_marks(fields)})", fields, rows)
        return
    statement = f"COPY {_table(model)} ({_list(fields)}) FROM STDIN"
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def insert_new(model: type[models.Model], columns: Names, rows: Sequence[Row], *, conflict: Names = ()) -> int:
    """Inserts the rows whose unique key `conflict` (empty: any key) is not there yet. Returns how many were new."""
    targets = _fields(model, tuple(conflict))
    return _insert(model, columns, rows, f"ON CONFLICT {f'({_list(targets)}) ' if targets else ''}DO NOTHING")


def upsert(model: type[models.Model], columns: Names, rows: Iterable[Row], *, key: Names, update: Names) -> int:
    """Inserts, or writes the `update` columns of the row with the same unique `key`; of several rows with one key the last
    wins. Written in the order of the key, so that two writers do not deadlock. Returns how many rows were written."""
    places = [list(columns).index(name) for name in key]
    last = {tuple(row[place] for place in places): row for row in rows}
    changes = ", ".join(f"{c} = excluded.{c}" for c in _columns(_fields(model, tuple(update))))
    action = f"ON CONFLICT ({_list(_fields(model, tuple(key)))}) DO UPDATE SET {changes}"
    return _insert(model, columns, [last[k] for k in sorted(last)], action)


def update(model: type[models.Model], key: Names, columns: Names, rows: Sequence[Row]) -> int:
    """Each row is the values of `key`, then those of `columns`; a key at most once. Returns how many rows were found."""
    if not rows:
        return 0
    keys, values = _fields(model, tuple(key)), _fields(model, tuple(columns))
    table = _table(model)
    if connection.vendor != "postgresql":
        changes = ", ".join(f"{c} = %s" for c in _columns(values))
        where = " AND ".join(f"{c} = %s" for c in _columns(keys))
        rows = [(*row[len(keys) :], *row[: len(keys)]) for row in rows]
        return _many(f"UPDATE {table} SET {changes} WHERE {where}", values + keys, rows)
    changes = ", ".join(f"{c} = new.{c}" for c in _columns(values))
    where = " AND ".join(f"{table}.{c} = new.{c}" for c in _columns(keys))
    statement = (
        f"UPDATE {table} SET {changes} FROM {_unnest(keys + values)} AS new({_list(keys + values)}) WHERE {where}"
    )
    return _run(statement, _arrays(rows))


def allocate(model: type[models.Model], count: int) -> list[int]:
    """Primary keys for rows that will be inserted in this transaction, ascending; none is ever given out twice.

    PostgreSQL takes them from the table's sequence. SQLite's writer is alone in its transaction and continues AUTOINCREMENT.
    """
    if not count:
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sequence = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
            cursor.execute(sequence, [_table(model), count])
            return sorted(int(number) for (number,) in cursor.fetchall())
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [model._meta.db_table])
        last = cursor.fetchone()
    first = int(last[0]) + 1 if last else 1
    return list(range(first, first + count))


def _insert(model: type[models.Model], columns: Names, rows: Sequence[Row], on_conflict: str) -> int:
    if not rows:
        return 0
    fields = _fields(model, tuple(columns))
    into = f"INSERT INTO {_table(model)} ({_list(fields)})"
    if connection.vendor != "postgresql":
        return _many(f"{into} VALUES ({_marks(fields)}) {on_conflict}", fields, rows)
    return _run(f"{into} SELECT * FROM {_unnest(fields)} {on_conflict}", _arrays(rows))


def _run(statement: str, parameters: Sequence[Any]) -> int:
    # Django's cursor writes parameters as text: 79 µs for a row with a JSON text, against 3 µs as binary arrays
    from psycopg import Cursor

    with connection.cursor(), connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        connection.validate_no_broken_transaction()
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def _many(statement: str, fields: Sequence[models.Field], rows: Sequence[Row]) -> int:
    adapters = [(place, adapt) for place, field in enumerate(fields) if (adapt := _adapter(field))]
    adapted = [list(row) for row in rows]
    for row in adapted:
        for place, adapt in adapters:
            row[place] = adapt(row[place])
    with connection.cursor() as cursor:
        cursor.executemany(statement, adapted)
        return int(cursor.rowcount)


def _adapter(field: models.Field) -> Callable[[Any], Any] | None:
    """How a value of this field must be given to a database without a type of its own for it."""
    stored = field.target_field if isinstance(field, models.ForeignKey) else field
    if stored.get_internal_type() in {"DateTimeField", "DateField", "UUIDField", "DecimalField"}:
        return lambda value: None if value is None else stored.get_db_prep_value(value, connection, prepared=True)
    return None


@functools.cache
def _fields(model: type[models.Model], names: tuple[str, ...]) -> list[models.Field]:
    return [model._meta.get_field(name) for name in names]  # type: ignore[misc]


def _table(model: type[models.Model]) -> str:
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


def _arrays(rows: Sequence[Row]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
