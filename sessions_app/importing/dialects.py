"""How other systems write their charges: one reader per export format, recognised by its columns."""

import csv
import gzip
import io
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

Cells = Mapping[str, str]


class Raw(NamedTuple):
    """One row as it was written, nothing interpreted but the columns. `began` and `ended` are (date, time) texts in the local
    time of `zone`; `minutes` stands for the end where a format gives none; `rated_kw` is what the hardware is said to give."""

    line: int
    reference: str
    station: str
    connector: str
    began: tuple[str, str]
    ended: tuple[str, str]
    energy: str
    unit: str = "kWh"
    token: str = ""
    minutes: str = ""
    rated_kw: str = ""


class Dialect(NamedTuple):
    """`columns` recognise a file; `read` turns its cells, without blanks around names and values, into Raw. `swaps`: exports of
    this system are sorted by time, and days and months have been seen to change places in them."""

    name: str
    zone: str
    columns: frozenset[str]
    read: Callable[[int, Cells], Raw]
    delimiter: str = ","
    swaps: bool = False


class UnknownFormat(ValueError):
    """No dialect has these columns."""


def open_rows(path: Path) -> tuple[Dialect, Iterator[Raw]]:
    """The rows of a .csv or .json file, gzipped or not. Raises UnknownFormat, and ValueError where JSON or text is broken."""
    if path.name.removesuffix(".gz").endswith(".json"):
        rows = _json_rows(path)
        return ACN, (ACN.read(number, row) for number, row in enumerate(rows, start=1))
    file = io.TextIOWrapper(_opened(path), "utf-8-sig", newline="")
    header = file.readline()
    for dialect in CSV_DIALECTS:
        names = [_name(cell) for cell in next(csv.reader([header], delimiter=dialect.delimiter), [])]
        if dialect.columns <= set(names):
            return dialect, _csv_rows(dialect, names, file)
    raise UnknownFormat(f"{path.name}: no known export has the columns {header.strip()[:200]!r}")


def _opened(path: Path) -> Any:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")


def _csv_rows(dialect: Dialect, names: list[str], file: io.TextIOWrapper) -> Iterator[Raw]:
    """`line` is the number of the record, the header being 1."""
    with file:
        for line, cells in enumerate(csv.reader(file, delimiter=dialect.delimiter), start=2):
            filled = [cell.strip() for cell in cells] + [""] * (len(names) - len(cells))
            yield dialect.read(line, dict(zip(names, filled, strict=False)))


def _json_rows(path: Path) -> list[Cells]:
    with _opened(path) as file:
        content = orjson.loads(file.read())
    items = content.get("_items") if isinstance(content, dict) else None
    if not isinstance(items, list):
        raise UnknownFormat(f"{path.name}: no list of _items")
    return [{name: "" if value is None else str(value) for name, value in item.items()} for item in items]


def _name(cell: str) -> str:
    """Column names differ in case, blanks and underscores between years of one publisher."""
    return re.sub(r"[^a-z0-9]+", " ", cell.casefold()).strip()


def _rated(model: str) -> str:
    found = re.search(r"(\d+(?:\.\d+)?)\s*kW", model)
    return found[1] if found else ""


# ---- the formats ----------------------------------------------------------------------------------------------------


def _chargeplace(line: int, row: Cells) -> Raw:
    return Raw(
        line, row.get("charging event") or row.get("id") or "", row["cp id"], row["connector"],
        (row["start date"], row["start time"]), (row["end date"], row["end time"]), row["total kwh"],
        token=row.get("user id", ""), rated_kw=_rated(row.get("model", "")),
    )  # fmt: skip


def _boulder(line: int, row: Cells) -> Raw:
    """The date part of the start time is the day of the export; it gives no end but the minutes."""
    return Raw(
        line, row["objectid"], row["station name"], "",
        (row["transaction date"].split(" ")[0], row["transaction start time"].split(" ")[-1].split("+")[0]), ("", ""),
        row["energy kwh"], minutes=row["charging time minutes"],
    )  # fmt: skip


def _lugano(line: int, row: Cells) -> Raw:
    return Raw(
        line, row["chargelogid"], row["chargingstationid"], row["plug"], (row["begindate"], row["beginhour"]),
        (row["enddate"], row["endhour"]), row["powerconsumption"], "Wh", token=row["userid"],
    )  # fmt: skip


def _trondheim(line: int, row: Cells) -> Raw:
    began, ended = row["start plugin"].split(" "), row["end plugout"].split(" ")
    return Raw(
        line, row["session id"], row["user id"], "", (began[0], began[-1]), (ended[0], ended[-1]),
        row["el kwh"].replace(",", "."), token=row["user id"],
    )  # fmt: skip


def _asensio(line: int, row: Cells) -> Raw:
    began, ended = row["created"].split(" "), row["ended"].split(" ")
    return Raw(
        line, row["sessionid"], row["stationid"], "", (began[0], began[-1]), (ended[0], ended[-1]), row["kwhtotal"],
        token=row["userid"],
    )  # fmt: skip


def _acn(line: int, row: Cells) -> Raw:
    return Raw(
        line, row.get("sessionID", ""), row.get("stationID", ""), "", _rfc1123(row.get("connectionTime", "")),
        _rfc1123(row.get("disconnectTime", "")), row.get("kWhDelivered", ""), token=row.get("userID", ""),
    )  # fmt: skip


def _rfc1123(text: str) -> tuple[str, str]:
    """ "Tue, 01 Dec 2020 13:59:06 GMT"."""
    parts = text.split(" ")
    return (" ".join(parts[1:4]), parts[4]) if len(parts) > 4 else (text, "")


def _columns(text: str) -> frozenset[str]:
    return frozenset(text.split(", "))


CSV_DIALECTS: Final = (
    Dialect("chargeplace", "Europe/London",
            _columns("cp id, connector, start date, start time, end date, end time, total kwh"), _chargeplace, swaps=True),
    Dialect("boulder", "America/Denver",
            _columns("station name, transaction date, transaction start time, charging time minutes, energy kwh"), _boulder),
    Dialect("lugano", "Europe/Zurich",
            _columns("chargelogid, begindate, beginhour, enddate, endhour, powerconsumption, chargingstationid"), _lugano,
            swaps=True),
    Dialect("trondheim", "Europe/Oslo", _columns("session id, user id, start plugin, end plugout, el kwh"), _trondheim, ";"),
    Dialect("workplace", "America/New_York", _columns("sessionid, kwhtotal, created, ended, stationid"), _asensio),
)  # fmt: skip
ACN: Final = Dialect("acn", "UTC", frozenset(), _acn)
