"""Single values out of a frame, read leniently (field-quirks.md §3-§5). Pure.

Each returns what could be read, or "nothing" of its type; the caller decides whether that deserves a mention.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from . import frames

SMALL = 2**31 - 1
LARGE = 2**63 - 1
_HIGHEST = Decimal(10**15)  # 10¹⁵ Wh still fit as integer mWh
_LOWEST = -_HIGHEST
_FIRST_YEAR = 2015  # a clock before this was never set (quirk 27)
_AHEAD = timedelta(days=366)
_KEPT_YEARS = range(1970, 9000)


def text(value: Any, limit: int | None = None) -> str:
    """Any JSON value as text; "" for nothing, and for the word "null" (quirk 17)."""
    if value is None or value == "null":
        return ""
    if not isinstance(value, str):
        value = str(value) if type(value) in (int, float) else frames.dumps(value)
    return value[:limit]


def whole(value: Any, low: int = 0, high: int = LARGE) -> int | None:
    """An integer within bounds, else None."""
    if type(value) is not int:
        number = decimal(value)
        if number is None:
            return None
        value = int(number)
    return value if low <= value <= high else None


def decimal(value: Any) -> Decimal | None:
    """A finite number of a believable size, else None. A JSON number becomes Decimal(str(x)): exactly what was written."""
    try:
        number = Decimal(value if type(value) is str else str(value))
    except InvalidOperation:
        if type(value) is not str or "," not in value:
            return None
        return decimal(value.strip().replace(",", "."))  # "12,5" (quirk 61)
    return number if number.is_finite() and _LOWEST < number < _HIGHEST else None


def instant(value: Any, received_at: datetime, anomalies: list[str], *, keep: bool = False) -> datetime:
    """A station's timestamp in UTC. Without a zone it is taken as UTC ("naive"); one that is missing, unreadable, from before
    2015 or more than a year ahead is replaced by the time of receipt ("clock", quirks 27-29). With `keep` a readable one stays
    as it is: evidence keeps what the station said, and a repeated start is known by it."""
    try:
        at = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        at = _odd_instant(value) or received_at
        if at is received_at:
            anomalies.append("clock")
            return at
    if at.tzinfo is None:
        anomalies.append("naive")
        at = at.replace(tzinfo=UTC)
    elif at.tzinfo is not UTC:
        try:
            at = at.astimezone(UTC)
        except OverflowError:
            at = received_at.replace(year=1)
    if at.year < _FIRST_YEAR or at - received_at > _AHEAD:
        anomalies.append("clock")
        return at if keep and at.year in _KEPT_YEARS else received_at
    return at


def _odd_instant(value: Any) -> datetime | None:
    """A lower-case z, blanks around it, a leap second."""
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value.strip().upper().replace(":60", ":59"))
    except ValueError:
        return None


def timestamp(at: datetime) -> str:
    """`YYYY-MM-DDThh:mm:ss.mmmZ`, the one form that every station reads (quirk 15)."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:23] + "Z"


def second(at: datetime) -> str:
    """To the second, and never earlier than `at`."""
    if at.microsecond:
        at = at.replace(microsecond=0) + timedelta(seconds=1)
    return at.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"
