"""OCPP-J frames as text: reading them leniently, writing them compactly (OCPP-J 1.6 §4, OCPP 2.0.1 part 4 §4). Pure."""

import json
import re
from typing import Any

import orjson

CALL, CALLRESULT, CALLERROR = 2, 3, 4
MAX_BYTES = 1 << 20  # a longer frame closes the socket with 1009

_BAD_ESCAPE = re.compile(r'(\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})|\\')
_CALL_HEAD = re.compile(r'\s*\[\s*2\s*,\s*"((?:[^"\\]|\\.)*)"\s*(?:,\s*"([A-Za-z0-9]{1,64})")?')
_SPACE = re.compile(r'("(?:[^"\\]|\\.)*")|\s+')
_decoder = json.JSONDecoder(strict=False)
_LARGEST = 2**63
_blank = re.compile(r"[\s,]*")


class Unreadable(Exception):
    """Not JSON, even with an eye closed."""


def parse(text: str) -> tuple[Any, list[str]]:
    """The JSON value, and what had to be overlooked: "json" (control characters, bad escapes, NaN, a byte order mark),
    "nul" (NUL characters: removed, no database of ours stores them). Raises Unreadable."""
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _clean(_parse_leniently(text.lstrip("\ufeff"))), ["json"]
    if "\\u0000" in text and (cleaned := _clean(message)) != message:
        return cleaned, ["nul"]
    return message, []


def _parse_leniently(text: str) -> Any:
    try:
        return _decoder.decode(text)
    except (ValueError, RecursionError):
        pass
    try:  # a station that escapes nothing: `336699\4` (quirk 11)
        return _decoder.decode(_BAD_ESCAPE.sub(lambda found: found[1] or r"\\", text))
    except (ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from error


def _clean(value: Any) -> Any:
    """Without NUL, lone surrogates and numbers that are none."""
    try:
        return _cleaned(value)
    except RecursionError as error:
        raise Unreadable("nested too deeply") from error


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {_cleaned(name): _cleaned(item) for name, item in value.items()}
    if isinstance(value, float | int) and not isinstance(value, bool):
        return value if -_LARGEST < value < _LARGEST else "NaN"
    return value


def call_head(text: str) -> tuple[str, str] | None:
    """Message id and action ("" if lost) of a CALL whose JSON is broken further on."""
    found = _CALL_HEAD.match(text)
    if not found:
        return None
    try:
        return json.loads(f'"{found[1]}"', strict=False), found[2] or ""
    except ValueError:
        return found[1], found[2] or ""


def element(text: str, index: int) -> str:
    """The element `index` of a JSON array, character for character; "" if it is not there."""
    end = text.index("[") + 1
    try:
        for _ in range(index + 1):
            begin = _blank.match(text, end).end()  # type: ignore[union-attr]
            _, end = _decoder.raw_decode(text, begin)
    except (ValueError, RecursionError):
        return ""
    return text[begin:end]


def compact(text: str) -> str:
    """The same JSON without blanks between its tokens: members, order and the spelling of numbers stay (behaviour.md 2)."""
    return _SPACE.sub(lambda found: found[1] or "", text)


def dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


def call(message_id: str, action: str, payload: str) -> str:
    """`payload` is JSON text."""
    return f"[2,{dumps(message_id)},{dumps(action)},{payload}]"


def result(message_id: Any, payload: Any) -> str:
    return orjson.dumps([CALLRESULT, message_id, payload]).decode()


def error(message_id: Any, code: str, description: str) -> str:
    """Descriptions are at most 255 characters (OCPP 2.0.1 part 4 §4.2.3)."""
    return orjson.dumps([CALLERROR, message_id, code, description[:255], {}]).decode()
