"""JSON whose numbers stay what was written: a price is no float, and 1.50 sent to a station is not 1.5 (api-contract §3)."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any


class Written(Decimal):
    """A number with a point or an exponent, and its text."""

    text: str

    def __new__(cls, text: str) -> "Written":
        number = super().__new__(cls, text)
        number.text = text
        return number


def loads(text: str) -> Any:
    """Raises ValueError for what is no JSON: NaN, and what is nested too deeply, too."""
    try:
        return json.loads(text, parse_float=Written, parse_constant=_refuse)
    except RecursionError as deep:
        raise ValueError("nested too deeply") from deep
    except InvalidOperation as vast:
        raise ValueError("a number without measure") from vast


def dumps(value: Any) -> str:
    """Compact, members in their order, numbers as written. Raises ValueError for what is nested too deeply."""
    try:
        return _text(value)
    except RecursionError as deep:
        raise ValueError("nested too deeply") from deep


def _text(value: Any) -> str:
    match value:
        case dict():
            return "{" + ",".join(f"{_text(name)}:{_text(item)}" for name, item in value.items()) + "}"
        case list():
            return "[" + ",".join(map(_text, value)) + "]"
        case Written():
            return value.text
        case _:
            return json.dumps(value, ensure_ascii=False)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
