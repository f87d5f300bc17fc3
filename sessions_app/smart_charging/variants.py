"""In how many ways the same limit can be said, and in which order a station is asked (field notes 73, 74, 76–78, 81).

Nothing that a station says of its abilities is trusted but as the place to begin: what it takes is found by asking.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

TX, DEFAULT, STATION = "TxProfile", "TxDefaultProfile", "ChargingStationMaxProfile"
MOST = 24
"""Ways that are tried before giving up."""

VOLTS, LEAST_A = 230, 6
"""A car may draw 6 A per phase or nothing (IEC 61851-1)."""


class Facts(NamedTuple):
    """What is known of a station and of the place that is limited. `phases`: 1 for DC. `evse` 0: the whole station; `alone`: its only EVSE.
    `transaction` of the charge that runs there, "" for none. `max_level` and `units` as reported; None and () where it said nothing."""

    version: str
    dc: bool
    phases: int
    evse: int
    alone: bool
    transaction: str
    max_level: int | None = None
    units: tuple[str, ...] = ()


class Variant(NamedTuple):
    """`whole`: sent to the whole station. `named`: a TxProfile names its transaction."""

    purpose: str
    whole: bool
    kind: str
    unit: str
    level: int
    named: bool = True


def dumps(variant: Variant) -> str:
    return json.dumps(variant, separators=(",", ":"))


def loads(text: str) -> Variant:
    return Variant(*json.loads(text))


def variants(facts: Facts, known: Variant | None = None) -> list[Variant]:
    """At most MOST, in the order to try: what this model is known to take, then what the standard prefers, then what differs
    from that in one thing, in two …, each in the order of the purposes (quirk 74)."""
    found = [one for _differences, one in sorted(_all(facts), key=lambda pair: pair[0])]
    if known in found:
        found.remove(known)
        found.insert(0, known)
    return found[:MOST]


def following(facts: Facts, tried: Sequence[Variant], known: Variant | None = None) -> Variant | None:
    """The next one that has not been tried."""
    return next((one for one in variants(facts, known) if one not in tried), None)


def amount(watts: int, *, unit: str, phases: int) -> int:
    """In `unit`, never more than `watts`: a car that is told 16 A takes 16 A."""
    return watts if unit == "W" else watts // (VOLTS * phases)


def least_w(phases: int) -> int:
    """The smallest limit at which a car goes on charging."""
    return LEAST_A * VOLTS * phases


def _all(facts: Facts) -> Iterator[tuple[int, Variant]]:
    """Each with the number of things in which it differs from the preferred one of its purpose."""
    for purpose, whole in _purposes(facts):
        kinds, units, levels = _kinds(purpose), _units(facts), _levels(facts)
        namings = _namings(facts, purpose)
        for a, b, c, d in product(*(range(len(axis)) for axis in (kinds, units, levels, namings))):
            differences = sum(place > 0 for place in (a, b, c, d))
            yield differences, Variant(purpose, whole, kinds[a], units[b], levels[c], namings[d])


def _purposes(facts: Facts) -> list[tuple[str, bool]]:
    """TxProfile → TxDefaultProfile → the same for the whole station → the station's maximum. What holds for the whole station is no
    way to limit one of several EVSEs; and a default for all of them is no limit of their sum."""
    if not facts.evse:
        return [(STATION, True), (DEFAULT, True)] if facts.alone else [(STATION, True)]
    here = [(TX, False), (DEFAULT, False)] if facts.transaction else [(DEFAULT, False)]
    return [*here, (DEFAULT, True), (STATION, True)] if facts.alone else here


def _kinds(purpose: str) -> tuple[str, ...]:
    """A station's maximum cannot be relative to a charge (2.0.1 K01.FR.38)."""
    return ("Absolute", "Relative") if purpose == STATION else ("Relative", "Absolute")


def _units(facts: Facts) -> tuple[str, ...]:
    """Amperes for AC, watts for DC (quirk 78); the one that is not reported comes last, but it comes."""
    preferred = ["W", "A"] if facts.dc else ["A", "W"]
    return tuple(sorted(preferred, key=lambda unit: bool(facts.units) and unit not in facts.units))


def _levels(facts: Facts) -> tuple[int, ...]:
    """The reported maximum, then down to 1 and 0 (quirk 73)."""
    reported = facts.max_level
    return tuple(dict.fromkeys((0, 1) if reported is None or reported < 0 else (reported, 1, 0)))


def _namings(facts: Facts, purpose: str) -> tuple[bool, ...]:
    """Some stations of 1.6 want the transaction's number, some refuse it (quirk 77); 2.x demands its name."""
    return (True, False) if purpose == TX and facts.version == "1.6" else (True,)
