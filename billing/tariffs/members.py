"""The members of a tariff's JSON, read one by one: what is wrong is collected with its path, in sentences for people."""

import re
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from . import exact
from .model import DAY_S, HOUR_US, KWH_MWH, Reservation

DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
HOLIDAYS = ("only", "except")


def gettext_noop(sentence: str) -> str:
    """Marks a sentence for the translators; this module knows no framework that would translate it."""
    return sentence


# What may be wrong. Whole sentences without variables, so that the doors can translate them.
NOT_A_LIST = gettext_noop("A list with at least one entry is expected.")
NOT_AN_OBJECT = gettext_noop("A JSON object is expected.")
NOT_A_NUMBER = gettext_noop("A number is expected.")
NOT_WHOLE = gettext_noop("A whole number is expected.")
NEGATIVE = gettext_noop("Must not be negative.")
TOO_LARGE = gettext_noop("This number is too large.")
MISSING = gettext_noop("This field is required.")
UNKNOWN = gettext_noop("Unknown field.")
NOT_A_TIME = gettext_noop("A time HH:MM is expected.")
NOT_A_DATE = gettext_noop("A date YYYY-MM-DD is expected.")
NOT_A_CHOICE = gettext_noop("This is not one of the possible values.")
TWICE = gettext_noop("Each type may occur once in an element.")
EMPTY_RANGE = gettext_noop("The minimum must be below the maximum.")
NO_STEP_FOR_FLAT = gettext_noop("A fixed fee has no quantity to limit or round.")
RESERVATION_DIMENSION = gettext_noop("A reservation is priced by FLAT and TIME only.")
PERCENT = gettext_noop("A percentage from 0 to 100 is expected.")
CAP_BELOW_FLOOR = gettext_noop("The maximum price must not be below the minimum price.")

SENTENCES = (
    NOT_A_LIST, NOT_AN_OBJECT, NOT_A_NUMBER, NOT_WHOLE, NEGATIVE, TOO_LARGE, MISSING, UNKNOWN, NOT_A_TIME, NOT_A_DATE,
    NOT_A_CHOICE, TWICE, EMPTY_RANGE, NO_STEP_FOR_FLAT, RESERVATION_DIMENSION, PERCENT, CAP_BELOW_FLOOR,
)  # fmt: skip

_LARGEST = 1_000_000_000
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class Wrong(ValueError):
    """`errors` is [(path, sentence), …], in the order of the text."""

    def __init__(self, errors: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{path}: {sentence}" for path, sentence in errors))
        self.errors = errors


class Problems:
    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self.found: list[tuple[str, str]] = []

    def add(self, path: str, sentence: str) -> None:
        self.found.append((path, sentence))

    def raise_if_any(self) -> None:
        if self.found:
            raise Wrong(self.found)

    def unknown(self, given: Mapping[str, Any], known: Mapping[str, Any] | tuple[str, ...], path: str) -> None:
        for name in given:
            if self.strict and name not in known:
                self.add(f"{path}.{name}", UNKNOWN)


def amount(value: Any, path: str, problems: Problems, *, required: bool = False) -> Fraction | None:
    if value is None:
        if required:
            problems.add(path, MISSING)
        return None
    try:
        number = exact.number(value)
    except ValueError:
        problems.add(path, NOT_A_NUMBER)
        return None
    if not 0 <= number <= _LARGEST:
        problems.add(path, NEGATIVE if number < 0 else TOO_LARGE)
        return None
    return number


def whole(value: Any, path: str, problems: Problems) -> int | None:
    number = amount(value, path, problems)
    if number is None:
        return None
    if number.denominator != 1:
        problems.add(path, NOT_WHOLE)
        return None
    return int(number)


def choice(value: Any, choices: Any, path: str, problems: Problems) -> Any:
    if value is None:
        problems.add(path, MISSING)
    elif value in list(choices):
        return next(one for one in choices if one == value)
    else:
        problems.add(path, NOT_A_CHOICE)
    return None


def energy(value: Any, path: str, problems: Problems) -> Fraction | None:
    kwh = amount(value, path, problems)
    return None if kwh is None else kwh * KWH_MWH


def power(value: Any, path: str, problems: Problems) -> Fraction | None:
    kw = amount(value, path, problems)
    return None if kw is None else kw * 1000


def duration(value: Any, path: str, problems: Problems) -> int | None:
    seconds = whole(value, path, problems)
    return None if seconds is None else seconds * (HOUR_US // 3600)


def start_time(value: Any, path: str, problems: Problems) -> int | None:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        problems.add(path, NOT_A_TIME)
        return None
    return int(value[:2]) * 3600 + int(value[3:]) * 60


def end_time(value: Any, path: str, problems: Problems) -> int | None:
    seconds = start_time("00:00" if value == "24:00" else value, path, problems)
    return DAY_S if seconds == 0 else seconds


def day(value: Any, path: str, problems: Problems) -> date | None:
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:  # the 30th of February
        pass
    problems.add(path, NOT_A_DATE)
    return None


def days(value: Any, path: str, problems: Problems) -> frozenset[int] | None:
    if not isinstance(value, list):
        problems.add(path, NOT_A_LIST)
        return None
    if any(one not in DAYS for one in value):
        problems.add(path, NOT_A_CHOICE)
        return None
    return frozenset(DAYS.index(one) for one in value)


def holidays(value: Any, path: str, problems: Problems) -> bool | None:
    chosen = choice(value, HOLIDAYS, path, problems)
    return None if chosen is None else chosen == "only"


def reservation(value: Any, path: str, problems: Problems) -> Any:
    return choice(value, Reservation, path, problems)


RESTRICTIONS: dict[str, tuple[str, Any]] = {
    "start_time": ("start_time", start_time),
    "end_time": ("end_time", end_time),
    "start_date": ("start_date", day),
    "end_date": ("end_date", day),
    "day_of_week": ("days", days),
    "holidays": ("holidays", holidays),
    "min_kwh": ("min_energy", energy),
    "max_kwh": ("max_energy", energy),
    "min_power": ("min_power", power),
    "max_power": ("max_power", power),
    "min_current": ("min_current", amount),
    "max_current": ("max_current", amount),
    "min_duration": ("min_duration", duration),
    "max_duration": ("max_duration", duration),
    "min_parking_duration": ("min_parking", duration),
    "max_parking_duration": ("max_parking", duration),
    "reservation": ("reservation", reservation),
}
RANGES = (
    ("min_energy", "max_energy", "max_kwh"),
    ("min_power", "max_power", "max_power"),
    ("min_current", "max_current", "max_current"),
    ("min_duration", "max_duration", "max_duration"),
    ("min_parking", "max_parking", "max_parking_duration"),
    ("start_date", "end_date", "end_date"),
)
