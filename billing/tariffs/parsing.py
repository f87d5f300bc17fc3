"""JSON → `model.Tariff`. Everything that is wrong is collected and named by its path: ("0.price_components.1.price",
"must not be negative"). Unknown members are refused in our own tariffs (a restriction that is silently ignored misprices)
and ignored in a partner's (OCPI: modules may be extended)."""

import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from . import exact
from .model import (
    DAY_S,
    HOUR_US,
    KWH_MWH,
    NONE,
    Component,
    Dimension,
    Element,
    Limit,
    Reservation,
    Restrictions,
    Tariff,
)

DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
HOLIDAYS = ("only", "except")
OCPI_DIMENSIONS = (Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME, Dimension.FLAT)


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


def loads(text: str) -> Any:
    """JSON with exact numbers."""
    return json.loads(text, parse_float=Decimal)


def tariff(
    elements: Any,
    *,
    currency: str = "EUR",
    tax_included: bool = True,
    min_price: Decimal | None = None,
    max_price: Decimal | None = None,
) -> Tariff:
    """One of our own: `elements` as in OCPI plus our three members; the limits are in the tariff's own terms.

    Raises Wrong; its paths start at the element's index, or are `min_price`, `max_price`.
    """
    problems = _Problems(strict=True)
    parsed = _elements(elements, problems)
    floor, cap = (_own_limit(limit, tax_included) for limit in (min_price, max_price))
    for name, limit in (("min_price", min_price), ("max_price", max_price)):
        if limit is not None and limit < 0:
            problems.add(name, NEGATIVE)
    if min_price is not None and max_price is not None and max_price < min_price:
        problems.add("max_price", CAP_BELOW_FLOOR)
    problems.raise_if_any()
    return Tariff(parsed, currency, gross=tax_included, min_price=floor, max_price=cap)


def ocpi(tariff_object: Mapping[str, Any]) -> Tariff:
    """A partner's: an OCPI 2.2.1 Tariff, or a 2.3.0 one (known by `tax_included`). Raises Wrong."""
    problems = _Problems(strict=False)
    taxes = tariff_object.get("tax_included")
    elements = _elements(tariff_object.get("elements"), problems)
    floor, cap = (_ocpi_limit(tariff_object.get(name), name, problems) for name in ("min_price", "max_price"))
    problems.raise_if_any()
    return Tariff(
        elements,
        str(tariff_object.get("currency", "EUR")),
        gross=taxes == "YES",
        taxes_known=taxes not in ("YES", "NO"),
        min_price=floor,
        max_price=cap,
    )


class _Problems:
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


def _elements(given: Any, problems: _Problems) -> tuple[Element, ...]:
    if not isinstance(given, list) or not given:
        problems.add("elements", NOT_A_LIST)
        return ()
    return tuple(_element(entry, index, problems) for index, entry in enumerate(given))


def _element(given: Any, index: int, problems: _Problems) -> Element:
    path = str(index)
    if not isinstance(given, Mapping):
        problems.add(path, NOT_AN_OBJECT)
        return Element(index, ())
    problems.unknown(given, ("price_components", "restrictions"), path)
    restrictions = _restrictions(given.get("restrictions"), f"{path}.restrictions", problems)
    listed = given.get("price_components")
    if not isinstance(listed, list) or not listed:
        problems.add(f"{path}.price_components", NOT_A_LIST)
        return Element(index, (), restrictions)
    components = [_component(c, f"{path}.price_components.{n}", problems) for n, c in enumerate(listed)]
    _check_together(components, restrictions, path, problems)
    return Element(index, tuple(c for c in components if c), restrictions)


def _check_together(
    components: list[Component | None], restrictions: Restrictions, path: str, problems: _Problems
) -> None:
    seen = set()
    for n, component in enumerate(components):
        if component is None:
            continue
        where = f"{path}.price_components.{n}.type"
        if component.dimension in seen:
            problems.add(where, TWICE)
        if restrictions.reservation and component.dimension not in (Dimension.FLAT, Dimension.TIME) and problems.strict:
            problems.add(where, RESERVATION_DIMENSION)
        seen.add(component.dimension)


def _component(given: Any, path: str, problems: _Problems) -> Component | None:
    if not isinstance(given, Mapping):
        problems.add(path, NOT_AN_OBJECT)
        return None
    problems.unknown(given, ("type", "price", "vat", "step_size", "max_amount"), path)
    dimension = _choice(given.get("type"), OCPI_DIMENSIONS, f"{path}.type", problems)
    price = _amount(given.get("price"), f"{path}.price", problems, required=True)
    vat = _amount(given.get("vat"), f"{path}.vat", problems)
    if vat is not None and vat > 100:
        problems.add(f"{path}.vat", PERCENT)
    step = _whole(given.get("step_size"), f"{path}.step_size", problems) or 0
    cap = _amount(given.get("max_amount"), f"{path}.max_amount", problems)
    if dimension is Dimension.FLAT and cap is not None:
        problems.add(f"{path}.max_amount", NO_STEP_FOR_FLAT)
    if dimension is None or price is None:
        return None
    return Component(dimension, price, vat, 0 if dimension is Dimension.FLAT else step, cap)


def _restrictions(given: Any, path: str, problems: _Problems) -> Restrictions:
    if given is None:
        return NONE
    if not isinstance(given, Mapping):
        problems.add(path, NOT_AN_OBJECT)
        return NONE
    problems.unknown(given, _MEMBERS, path)
    values = {}
    for member, (name, read) in _MEMBERS.items():
        if (value := given.get(member)) is not None and value != []:
            values[name] = read(value, f"{path}.{member}", problems)
    found = Restrictions(**{name: value for name, value in values.items() if value is not None})
    for lowest, highest, member in _RANGES:
        low, high = getattr(found, lowest), getattr(found, highest)
        if low is not None and high is not None and not low < high:
            problems.add(f"{path}.{member}", EMPTY_RANGE)
    return found


def _amount(value: Any, path: str, problems: _Problems, *, required: bool = False) -> Fraction | None:
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


def _whole(value: Any, path: str, problems: _Problems) -> int | None:
    number = _amount(value, path, problems)
    if number is None:
        return None
    if number.denominator != 1:
        problems.add(path, NOT_WHOLE)
        return None
    return int(number)


def _choice(value: Any, choices: Any, path: str, problems: _Problems) -> Any:
    if value is None:
        problems.add(path, MISSING)
    elif value in list(choices):
        return next(choice for choice in choices if choice == value)
    else:
        problems.add(path, NOT_A_CHOICE)
    return None


def _energy(value: Any, path: str, problems: _Problems) -> Fraction | None:
    kwh = _amount(value, path, problems)
    return None if kwh is None else kwh * KWH_MWH


def _power(value: Any, path: str, problems: _Problems) -> Fraction | None:
    kw = _amount(value, path, problems)
    return None if kw is None else kw * 1000


def _duration(value: Any, path: str, problems: _Problems) -> int | None:
    seconds = _whole(value, path, problems)
    return None if seconds is None else seconds * (HOUR_US // 3600)


def _start_time(value: Any, path: str, problems: _Problems) -> int | None:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        problems.add(path, NOT_A_TIME)
        return None
    return int(value[:2]) * 3600 + int(value[3:]) * 60


def _end_time(value: Any, path: str, problems: _Problems) -> int | None:
    seconds = _start_time("00:00" if value == "24:00" else value, path, problems)
    return DAY_S if seconds == 0 else seconds


def _date(value: Any, path: str, problems: _Problems) -> date | None:
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:  # the 30th of February
        pass
    problems.add(path, NOT_A_DATE)
    return None


def _days(value: Any, path: str, problems: _Problems) -> frozenset[int] | None:
    if not isinstance(value, list):
        problems.add(path, NOT_A_LIST)
        return None
    if any(day not in DAYS for day in value):
        problems.add(path, NOT_A_CHOICE)
        return None
    return frozenset(DAYS.index(day) for day in value)


def _holidays(value: Any, path: str, problems: _Problems) -> bool | None:
    chosen = _choice(value, HOLIDAYS, path, problems)
    return None if chosen is None else chosen == "only"


def _reservation(value: Any, path: str, problems: _Problems) -> Any:
    return _choice(value, Reservation, path, problems)


_MEMBERS: dict[str, tuple[str, Any]] = {
    "start_time": ("start_time", _start_time),
    "end_time": ("end_time", _end_time),
    "start_date": ("start_date", _date),
    "end_date": ("end_date", _date),
    "day_of_week": ("days", _days),
    "holidays": ("holidays", _holidays),
    "min_kwh": ("min_energy", _energy),
    "max_kwh": ("max_energy", _energy),
    "min_power": ("min_power", _power),
    "max_power": ("max_power", _power),
    "min_current": ("min_current", _amount),
    "max_current": ("max_current", _amount),
    "min_duration": ("min_duration", _duration),
    "max_duration": ("max_duration", _duration),
    "min_parking_duration": ("min_parking", _duration),
    "max_parking_duration": ("max_parking", _duration),
    "reservation": ("reservation", _reservation),
}
_RANGES = (
    ("min_energy", "max_energy", "max_kwh"),
    ("min_power", "max_power", "max_power"),
    ("min_current", "max_current", "max_current"),
    ("min_duration", "max_duration", "max_duration"),
    ("min_parking", "max_parking", "max_parking_duration"),
    ("start_date", "end_date", "end_date"),
)


def _own_limit(limit: Decimal | None, gross: bool) -> Limit | None:
    if limit is None:
        return None
    amount = Fraction(limit)
    return Limit(incl_vat=amount) if gross else Limit(excl_vat=amount)


def _ocpi_limit(given: Any, path: str, problems: _Problems) -> Limit | None:
    if given is None:
        return None
    if not isinstance(given, Mapping):
        problems.add(path, NOT_AN_OBJECT)
        return None
    excl, incl = (given.get(a, given.get(b)) for a, b in (("excl_vat", "before_taxes"), ("incl_vat", "after_taxes")))
    return Limit(_amount(excl, f"{path}.excl_vat", problems), _amount(incl, f"{path}.incl_vat", problems))
