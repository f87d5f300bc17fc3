"""What a station's meters said last, and how power went: from the evidence that was stored with each message."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from django.db.models import Q

from sessions_app.models import ChargingSession, Evidence
from stations.models import ChargingStation

FRESH = timedelta(minutes=15)  # older readings are history, not "now"
_LOOK_AT = 60  # messages; two sockets at one a minute make a quarter of an hour


@dataclass(slots=True)
class Reading:
    """The latest values of one EVSE. Phases in the order L1, L2, L3; None and [] where the station did not say."""

    at: datetime
    power_w: int | None = None
    volts: list[Decimal] = field(default_factory=list)
    amperes: list[Decimal] = field(default_factory=list)
    temperature: Decimal | None = None
    soc: Decimal | None = None


def latest(station: ChargingStation, *, now: datetime) -> dict[int, Reading]:
    """By EVSE number; only what was said in the last quarter of an hour, and not of a charge that has ended. One query."""
    rows = (
        Evidence.objects.filter(
            Q(session=None) | Q(session__status=ChargingSession.Status.ACTIVE),
            station=station,
            received_at__gte=now - FRESH,
            evse_id__isnull=False,
        )
        .exclude(readings="[]")
        .order_by("-received_at")
        .values_list("evse_id", "occurred_at", "power_w", "readings")[:_LOOK_AT]
    )
    found: dict[int, Reading] = {}
    for evse, at, power_w, readings in rows:
        if evse is not None and evse not in found:
            found[evse] = _read(at, power_w, readings)
    return found


def _read(at: datetime, power_w: int | None, text: str) -> Reading:
    reading = Reading(at, power_w)
    phases: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for measurand, value, phase in _samples(text):
        phases[measurand][phase] = value
    reading.volts = _by_phase(phases["Voltage"])
    reading.amperes = _by_phase(phases["Current.Import"])
    reading.temperature = next(iter(phases["Temperature"].values()), None)
    reading.soc = next(iter(phases["SoC"].values()), None)
    return reading


def _samples(text: str) -> Iterable[tuple[str, Decimal, str]]:
    """The last reading's numbers as (measurand, value, phase)."""
    for _at, samples in json.loads(text)[-1:]:
        for measurand, value, _unit, phase, *_rest in samples:
            number = _number(value)
            if number is not None:
                yield measurand, number, phase or ""


def _number(value: object) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        return None


def _by_phase(values: dict[str, Decimal]) -> list[Decimal]:
    """Single phases where there are any (L1, L1-N …), else the one value without a phase."""
    single = [values[phase] for phase in sorted(values) if phase[:2] in ("L1", "L2", "L3") and phase.count("L") == 1]
    return single or list(values.values())[:1]


def power(station: ChargingStation, *, since: datetime, until: datetime) -> dict[int, list[tuple[datetime, int]]]:
    """By EVSE number: (time, W), oldest first. One query."""
    rows = (
        Evidence.objects.filter(
            station=station,
            received_at__gte=since,
            occurred_at__gte=since,
            occurred_at__lte=until,
            power_w__isnull=False,
            evse_id__isnull=False,
        )
        .order_by("occurred_at")
        .values_list("evse_id", "occurred_at", "power_w")
    )
    found: dict[int, list[tuple[datetime, int]]] = defaultdict(list)
    for evse, at, watts in rows:
        if evse is not None and watts is not None:
            found[evse].append((at, watts))
    return found
