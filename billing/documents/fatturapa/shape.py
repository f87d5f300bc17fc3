"""The few words in which the format is described: each field of a dataclass knows its element, its type and how many there may be."""

import base64
import dataclasses
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from . import numbers, texts

_META = "fatturapa"


@dataclass(frozen=True, slots=True)
class Part:
    """One element. `node` is the dataclass below it, else `write` and `read` translate its text; `pattern` is the schema's."""

    name: str
    tag: str
    needed: bool
    many: bool
    node: type[Any] | None = None
    write: Callable[[Any], str] = str
    read: Callable[[str], Any] = str
    pattern: str = ""


def latin(tag: str, most: int, *, needed: bool = False, many: bool = False) -> Any:
    return _field(tag, needed, many, write=partial(texts.latin, most=most), pattern=rf"[\x20-\xff]{{1,{most}}}")


def basic(tag: str, most: int, *, least: int = 1, needed: bool = False) -> Any:
    return _field(tag, needed, False, write=partial(texts.basic, most=most), pattern=rf"[\x20-\x7e]{{{least},{most}}}")


def code(tag: str, pattern: str, *, needed: bool = False) -> Any:
    return _field(tag, needed, False, pattern=pattern)


def yes(tag: str) -> Any:
    """An element that only says SI."""
    return _field(tag, False, False, write=lambda _: "SI", read=lambda text: text.strip() == "SI" or text)


def whole(tag: str, *, needed: bool = False, many: bool = False) -> Any:
    return _field(tag, needed, many, read=int, pattern="[0-9]{1,4}")


def day(tag: str, *, needed: bool = False) -> Any:
    return _field(tag, needed, False, write=date.isoformat, read=date.fromisoformat)


def moment(tag: str) -> Any:
    """A time as text: nothing is computed with it."""
    return _field(tag, False, False)


def cents(tag: str, *, needed: bool = False) -> Any:
    return _field(tag, needed, False, write=numbers.two, read=Decimal, pattern=r"-?[0-9]{1,11}\.[0-9]{2}")


def rate(tag: str, *, needed: bool = False) -> Any:
    return _field(tag, needed, False, write=numbers.two, read=Decimal, pattern=r"(100|[0-9]{1,2})\.[0-9]{2}")


def fine(tag: str, *, needed: bool = False) -> Any:
    """Two to eight decimals."""
    return _field(tag, needed, False, write=numbers.two_to_eight, read=Decimal, pattern=r"-?[0-9]{1,11}\.[0-9]{2,8}")


def quantity(tag: str) -> Any:
    return _field(tag, False, False, write=numbers.two_to_eight, read=Decimal, pattern=r"[0-9]{1,12}\.[0-9]{2,8}")


def binary(tag: str) -> Any:
    return _field(tag, True, False, write=lambda data: base64.b64encode(data).decode(), read=base64.b64decode)


def node(tag: str, below: type[Any], *, needed: bool = False) -> Any:
    return _field(tag, needed, False, node=below)


def nodes(tag: str, below: type[Any], *, needed: bool = False) -> Any:
    return _field(tag, needed, True, node=below)


def _field(tag: str, needed: bool, many: bool, **facts: Any) -> Any:
    meta = {_META: {"tag": tag, "needed": needed, "many": many, **facts}}
    if needed and not many:
        return field(metadata=meta)
    return field(default=() if many else None, metadata=meta)


_KNOWN: dict[type[Any], tuple[Part, ...]] = {}


def parts(of: type[Any]) -> tuple[Part, ...]:
    """The elements below a dataclass, in the order of the schema."""
    if of not in _KNOWN:
        _KNOWN[of] = _parts(of)
    return _KNOWN[of]


def _parts(of: type[Any]) -> tuple[Part, ...]:
    return tuple(
        Part(name=entry.name, **entry.metadata[_META]) for entry in dataclasses.fields(of) if _META in entry.metadata
    )


def given(record: Any) -> Iterator[tuple[Part, Any]]:
    """Each element that is there, with its value; one with many, once for each."""
    for part in parts(type(record)):
        value = getattr(record, part.name)
        for entry in value if part.many else (value,):
            if entry is not None:
                yield part, entry


def fits(part: Part, value: Any) -> bool:
    text = part.write(value)
    return bool(text) and (not part.pattern or re.fullmatch(part.pattern, text) is not None)
