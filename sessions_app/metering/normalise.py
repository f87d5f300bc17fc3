"""From what a meter said to what we count: one import register in mWh, one power in W, one state of charge in %.

A reading may name a quantity several times: as a total, per phase, at several places of the station. The total wins; without
one the phases L1–L3 are summed (OCPP 1.6 §7.31, quirk 63); the outlet is asked before any other place. Nothing is invented:
what a station did not send, or what cannot be true (quirk 65), stays None and is named in `notes`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from stations.vocabulary.values import Reading, Sample


class Measured(NamedTuple):
    """One instant, normalised. `register` and `interval` in mWh, `power_w` in W, `soc` in percent."""

    at: datetime
    register: int | None = None
    interval: int | None = None
    power_w: int | None = None
    soc: int | None = None
    notes: tuple[str, ...] = ()


REGISTER, INTERVAL, POWER, SOC = "register", "interval", "power", "soc"

_QUANTITIES = {
    "Energy.Active.Import.Register": REGISTER,
    "Energy.Active.Import.Interval": INTERVAL,
    "Power.Active.Import": POWER,
    "SoC": SOC,
}
_ENERGY_UNITS = {"Wh": 1_000, "kWh": 1_000_000, "MWh": 1_000_000_000, "": 1_000}
_UNITS: dict[str, dict[str, int]] = {
    REGISTER: _ENERGY_UNITS,
    INTERVAL: _ENERGY_UNITS,
    POWER: {"W": 1, "kW": 1_000, "MW": 1_000_000, "": 1},
    SOC: {"Percent": 1, "%": 1, "": 1},
}
_FOLDED_UNITS = {quantity: {unit.casefold(): f for unit, f in units.items()} for quantity, units in _UNITS.items()}
_FOLDED_QUANTITIES = {name.casefold(): quantity for name, quantity in _QUANTITIES.items()}

# Beyond these a value is noise: 2³² Wh is an overflown counter, and no plug gives 4 MW (quirk 65).
_HIGHEST = {REGISTER: (2**32 - 1) * 1_000, INTERVAL: 10**9, POWER: 4_000_000, SOC: 100}

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
    for sample in samples:
        quantity = _QUANTITIES.get(sample.measurand) or _FOLDED_QUANTITIES.get(sample.measurand.strip().casefold())
        if quantity is None or sample.value is None:
            continue
        value = _value(quantity, sample)
        if value is None:
            notes.append(f"unit:{sample.unit}")
        elif not 0 <= value <= _HIGHEST[quantity]:
            notes.append(f"range:{quantity}")
        else:
            phase = "" if not sample.phase else _PHASES.get(sample.phase, "other")
            found.setdefault(quantity, {})[sample.location, phase] = value
    return Measured(
        at,
        _total(found.get(REGISTER)),
        _total(found.get(INTERVAL)),
        _total(found.get(POWER)),
        _total(found.get(SOC)),
        tuple(notes),
    )


def _value(quantity: str, sample: Sample) -> int | None:
    """The sample in our unit; None where its unit is not one of the quantity: a register "in Celsius" is a temperature whose
    measurand was left out (quirk 72)."""
    unit = sample.unit or ""
    factor = _UNITS[quantity].get(unit) or _FOLDED_UNITS[quantity].get(unit.strip().casefold())
    if factor is None:
        return None
    value: Decimal = sample.value  # type: ignore[assignment]  # the caller has looked
    if not value.is_finite() or value.adjusted() > 20:
        return -1
    if sample.multiplier:
        value = value.scaleb(max(-9, min(9, sample.multiplier)))
    return int((value * factor).to_integral_value(ROUND_HALF_UP))


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
