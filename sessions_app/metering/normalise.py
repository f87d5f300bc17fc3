"""From what a meter said to what we count: one import register in mWh, one power in W, one state of charge in %, one current in mA.

A reading may name a quantity several times: as a total, per phase, at several places of the station. The total wins; without
one the phases L1–L3 are summed (OCPP 1.6 §7.31, quirk 63); of a current, which tariffs mean over all phases (OCPI 2.2.1 §11.4.6),
the phases win; the outlet is asked before any other place. Nothing is invented:
what a station did not send, or what cannot be true (quirk 65), stays None and is named in `notes`.
"""

import functools
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from stations.vocabulary.values import Reading, Sample


class Measured(NamedTuple):
    """One instant, normalised. `register` and `interval` in mWh, `power_w` in W, `soc` in percent, `current_ma` in mA over all phases."""

    at: datetime
    register: int | None = None
    interval: int | None = None
    power_w: int | None = None
    soc: int | None = None
    notes: tuple[str, ...] = ()
    current_ma: int | None = None


REGISTER, INTERVAL, POWER, SOC, CURRENT = "register", "interval", "power", "soc", "current"
SIGNED = "signed"  # a note: a signed record came along (`metering.signed`)

_QUANTITIES = {
    "energy.active.import.register": REGISTER,
    "energy.active.import.interval": INTERVAL,
    "power.active.import": POWER,
    "soc": SOC,
    "current.import": CURRENT,
}
_ENERGY_UNITS = {"wh": 1_000, "kwh": 1_000_000, "mwh": 1_000_000_000, "": 1_000}
_UNITS: dict[str, dict[str, int]] = {
    REGISTER: _ENERGY_UNITS,
    INTERVAL: _ENERGY_UNITS,
    POWER: {"w": 1, "kw": 1_000, "mw": 1_000_000, "": 1},
    SOC: {"percent": 1, "%": 1, "": 1},
    CURRENT: {"a": 1_000, "ma": 1, "": 1_000},
}

# Beyond these a value is noise: 2³² Wh is an overflown counter, and no plug gives 4 MW (quirk 65).
_HIGHEST = {REGISTER: (2**32 - 1) * 1_000, INTERVAL: 10**9, POWER: 4_000_000, SOC: 100, CURRENT: 10_000_000}

_COUNTED = (REGISTER, INTERVAL, POWER, SOC)  # nobody needs to look at a session because of a strange current

_PHASES = {"L1": "L1", "L2": "L2", "L3": "L3", "L1-N": "L1", "L2-N": "L2", "L3-N": "L3"}  # quirk 64
_PLACES = ("Outlet", "Cable", "EV", "Inlet", "Body")
_BEGIN, _END = "Transaction.Begin", "Transaction.End"


def normalise(readings: Sequence[Reading]) -> tuple[Measured, ...]:
    """Readings of one message in the order of their clock. Samples of one instant belong together however they were sent
    (quirk 70), except that a Transaction.Begin and a Transaction.End of one instant are two readings."""
    if len(readings) == 1:
        instants: Iterable[tuple[datetime, Sequence[Sample]]] = ((readings[0].at, readings[0].samples),)
    else:
        merged: dict[datetime, list[Sample]] = {}
        for reading in readings:
            merged.setdefault(reading.at, []).extend(reading.samples)
        instants = sorted(merged.items())
    measured: list[Measured] = []
    for at, samples in instants:
        if samples:
            measured += [_measure(at, part) for part in _split(samples)]
    return tuple(measured)


def _split(samples: Sequence[Sample]) -> Sequence[Sequence[Sample]]:
    contexts = {sample.context for sample in samples}
    if _BEGIN not in contexts or len(contexts) == 1:
        return (samples,)
    begin = [sample for sample in samples if sample.context == _BEGIN]
    return (begin, [sample for sample in samples if sample.context != _BEGIN])


def _measure(at: datetime, samples: Sequence[Sample]) -> Measured:
    found: dict[str, dict[tuple[str, str], int]] = {}
    notes: list[str] = []
    for measurand, number, unit, phase, _context, location, multiplier, sworn in samples:
        if sworn is not None:
            notes.append(SIGNED)
        quantity = _quantity(measurand)
        if quantity is None or number is None:
            continue
        factor = _factor(quantity, unit)
        if factor is None:
            notes += [f"unit:{unit}"] if quantity in _COUNTED else ()
            continue
        value = _scaled(number, factor, multiplier)
        if 0 <= value <= _HIGHEST[quantity]:
            place = (location, _PHASES.get(phase, "other") if phase else "")
            found.setdefault(quantity, {})[place] = value
        elif quantity in _COUNTED:
            notes.append(f"range:{quantity}")
    get = found.get
    current = get(CURRENT)
    return Measured(
        at,
        _total(get(REGISTER)),
        _total(get(INTERVAL)),
        _total(get(POWER)),
        _total(get(SOC)),
        tuple(notes),
        None if current is None else _total(_by_phase(current)),
    )


def _by_phase(values: dict[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """Without the totals where phases are known: stations send the highest phase as one."""
    return {key: value for key, value in values.items() if key[1] in ("L1", "L2", "L3")} or values


@functools.lru_cache(maxsize=512)
def _quantity(measurand: str) -> str | None:
    return _QUANTITIES.get(measurand.strip().casefold())


@functools.lru_cache(maxsize=512)
def _factor(quantity: str, unit: str | None) -> int | None:
    """None where the unit is not one of the quantity: a register "in Celsius" is a temperature whose measurand was left out
    (quirk 72)."""
    return _UNITS[quantity].get((unit or "").strip().casefold())


def _scaled(number: Decimal, factor: int, multiplier: int) -> int:
    if not number.is_finite() or number.adjusted() > 20:
        return -1
    if multiplier:
        number = number.scaleb(max(-9, min(9, multiplier)))
    return int((number * factor).to_integral_value(ROUND_HALF_UP))


def _total(values: dict[tuple[str, str], int] | None) -> int | None:
    if values is None:
        return None
    if len(values) == 1:
        (((_, phase), value),) = values.items()
        return None if phase == "other" else value
    for place in (*_PLACES, *{place for place, _ in values}.difference(_PLACES)):
        if (total := values.get((place, ""))) is not None:
            return total
        phases = [values[place, phase] for phase in ("L1", "L2", "L3") if (place, phase) in values]
        if phases:
            return sum(phases)
    return None
