"""The tariff that most operators have, in the words of a form: one price per kWh, perhaps a fee, minutes, a parking fee
after a grace period. PURE; anything richer is written as OCPI elements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

MINUTES = 60  # seconds of one, and how many make an hour
TIMED = ("TIME", "PARKING_TIME")


@dataclass(frozen=True, slots=True)
class Plain:
    """Currency units: `energy` per kWh, `flat` per charge, `minute` and `parking` per minute; `vat` in percent.
    `parking` starts `grace_min` minutes after the charge and stops at `parking_cap`. None: not charged. `whole_minutes`:
    a minute that has begun counts in full (OCPI `step_size` 60, once per charge)."""

    energy: Decimal | None = None
    flat: Decimal | None = None
    minute: Decimal | None = None
    parking: Decimal | None = None
    grace_min: int | None = None
    parking_cap: Decimal | None = None
    vat: Decimal | None = None
    whole_minutes: bool = False


def elements(plain: Plain) -> list[dict[str, Any]]:
    """OCPI elements. A tariff without any price is one free fee (OCPI 2.2.1: free of charge)."""
    step_s = MINUTES if plain.whole_minutes else 1
    always = [
        _component(kind, price, plain.vat, step)
        for kind, price, step in (
            ("FLAT", plain.flat, 1),
            ("ENERGY", plain.energy, 1),
            ("TIME", _hourly(plain.minute), step_s),
        )
        if price is not None
    ]
    parking = []
    if plain.parking is not None:
        component = _component("PARKING_TIME", _hourly(plain.parking), plain.vat, step_s)
        if plain.parking_cap is not None:
            component["max_amount"] = plain.parking_cap
        element: dict[str, Any] = {"price_components": [component]}
        if plain.grace_min:
            element["restrictions"] = {"min_parking_duration": plain.grace_min * MINUTES}
        parking = [element]
    if not always and not parking:
        always = [_component("FLAT", Decimal(0), plain.vat, 1)]
    return ([{"price_components": always}] if always else []) + parking


def read(given: Sequence[Mapping[str, Any]]) -> Plain | None:
    """The plain tariff behind these elements; None where they say more than the form can."""
    prices = {(c["type"]): c for element in given for c in element["price_components"]}
    vats = {c.get("vat") for c in prices.values()}
    if len(vats) > 1:
        return None
    parking = next((e for e in given if any(c["type"] == "PARKING_TIME" for c in e["price_components"])), {})
    grace = (parking.get("restrictions") or {}).get("min_parking_duration")
    found = Plain(
        energy=_price(prices, "ENERGY"),
        flat=_price(prices, "FLAT"),
        minute=_per_minute(_price(prices, "TIME")),
        parking=_per_minute(_price(prices, "PARKING_TIME")),
        grace_min=None if grace is None else int(grace) // MINUTES,
        parking_cap=_decimal(prices.get("PARKING_TIME", {}).get("max_amount")),
        vat=_decimal(next(iter(vats), None)),
        whole_minutes=any(c.get("step_size") == MINUTES for kind, c in prices.items() if kind in TIMED),
    )
    return found if _same(elements(found), given) else None


def _component(kind: str, price: Decimal | None, vat: Decimal | None, step: int) -> dict[str, Any]:
    component: dict[str, Any] = {"type": kind, "price": price, "step_size": step}
    if vat is not None:
        component["vat"] = vat
    return component


def _hourly(per_minute: Decimal | None) -> Decimal | None:
    return None if per_minute is None else per_minute * MINUTES


def _per_minute(per_hour: Decimal | None) -> Decimal | None:
    return None if per_hour is None else per_hour / MINUTES


def _price(prices: Mapping[str, Mapping[str, Any]], kind: str) -> Decimal | None:
    return _decimal(prices.get(kind, {}).get("price"))


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _same(ours: Any, theirs: Any) -> bool:
    """Equal as JSON: 0.10 and 0.1 are one number."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        return ours.keys() == theirs.keys() and all(_same(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(_same(a, b) for a, b in zip(ours, theirs, strict=True))
    if isinstance(ours, Decimal | int) and isinstance(theirs, Decimal | int):
        return Decimal(ours) == Decimal(theirs)
    return bool(ours == theirs)


NAMES = tuple(field.name for field in fields(Plain))
