"""JSON → `model.Tariff`. Everything that is wrong is collected and named by its path: ("0.price_components.1.price",
"must not be negative"). Unknown members are refused in our own tariffs (a restriction that is silently ignored misprices)
and ignored in a partner's (OCPI: modules may be extended)."""

import json
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from . import members
from .members import (
    CAP_BELOW_FLOOR,
    DAYS,
    EMPTY_RANGE,
    HOLIDAYS,
    MISSING,
    NEGATIVE,
    NO_STEP_FOR_FLAT,
    NOT_A_CHOICE,
    NOT_A_DATE,
    NOT_A_LIST,
    NOT_A_NUMBER,
    NOT_A_TIME,
    NOT_AN_OBJECT,
    NOT_WHOLE,
    PERCENT,
    RESERVATION_DIMENSION,
    SENTENCES,
    TOO_LARGE,
    TWICE,
    UNKNOWN,
    Problems,
    Wrong,
)
from .model import NONE, Component, Dimension, Element, Limit, Restrictions, Tariff

__all__ = [
    "CAP_BELOW_FLOOR",
    "DAYS",
    "EMPTY_RANGE",
    "HOLIDAYS",
    "MISSING",
    "NEGATIVE",
    "NOT_AN_OBJECT",
    "NOT_A_CHOICE",
    "NOT_A_DATE",
    "NOT_A_LIST",
    "NOT_A_NUMBER",
    "NOT_A_TIME",
    "NOT_WHOLE",
    "NO_STEP_FOR_FLAT",
    "PERCENT",
    "RESERVATION_DIMENSION",
    "SENTENCES",
    "TOO_LARGE",
    "TWICE",
    "UNKNOWN",
    "Wrong",
    "loads",
    "ocpi",
    "tariff",
]

OCPI_DIMENSIONS = (Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME, Dimension.FLAT)


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
    problems = Problems(strict=True)
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
    problems = Problems(strict=False)
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


def _elements(given: Any, problems: Problems) -> tuple[Element, ...]:
    if not isinstance(given, list) or not given:
        problems.add("elements", NOT_A_LIST)
        return ()
    return tuple(_element(entry, index, problems) for index, entry in enumerate(given))


def _element(given: Any, index: int, problems: Problems) -> Element:
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
    components: list[Component | None], restrictions: Restrictions, path: str, problems: Problems
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


def _component(given: Any, path: str, problems: Problems) -> Component | None:
    if not isinstance(given, Mapping):
        problems.add(path, NOT_AN_OBJECT)
        return None
    problems.unknown(given, ("type", "price", "vat", "step_size", "max_amount"), path)
    dimension = members.choice(given.get("type"), OCPI_DIMENSIONS, f"{path}.type", problems)
    price = members.amount(given.get("price"), f"{path}.price", problems, required=True)
    vat = members.amount(given.get("vat"), f"{path}.vat", problems)
    if vat is not None and vat > 100:
        problems.add(f"{path}.vat", PERCENT)
    step = members.whole(given.get("step_size"), f"{path}.step_size", problems) or 0
    cap = members.amount(given.get("max_amount"), f"{path}.max_amount", problems)
    if dimension is Dimension.FLAT and cap is not None:
        problems.add(f"{path}.max_amount", NO_STEP_FOR_FLAT)
    if dimension is None or price is None:
        return None
    return Component(dimension, price, vat, 0 if dimension is Dimension.FLAT else step, cap)


def _restrictions(given: Any, path: str, problems: Problems) -> Restrictions:
    if given is None:
        return NONE
    if not isinstance(given, Mapping):
        problems.add(path, NOT_AN_OBJECT)
        return NONE
    problems.unknown(given, members.RESTRICTIONS, path)
    values = {}
    for member, (name, read) in members.RESTRICTIONS.items():
        if (value := given.get(member)) is not None and value != []:
            values[name] = read(value, f"{path}.{member}", problems)
    found = Restrictions(**{name: value for name, value in values.items() if value is not None})
    for lowest, highest, member in members.RANGES:
        low, high = getattr(found, lowest), getattr(found, highest)
        if low is not None and high is not None and not low < high:
            problems.add(f"{path}.{member}", EMPTY_RANGE)
    return found


def _own_limit(limit: Decimal | None, gross: bool) -> Limit | None:
    if limit is None:
        return None
    amount = Fraction(limit)
    return Limit(incl_vat=amount) if gross else Limit(excl_vat=amount)


def _ocpi_limit(given: Any, path: str, problems: Problems) -> Limit | None:
    if given is None:
        return None
    if not isinstance(given, Mapping):
        problems.add(path, NOT_AN_OBJECT)
        return None
    excl, incl = (given.get(a, given.get(b)) for a, b in (("excl_vat", "before_taxes"), ("incl_vat", "after_taxes")))
    return Limit(members.amount(excl, f"{path}.excl_vat", problems), members.amount(incl, f"{path}.incl_vat", problems))
