"""What is known of a station when its power is to be limited: its version, its plate, what runs, what its make is used to."""

from datetime import timedelta
from typing import Any

from sessions_app.models import ChargingSession, PowerHabit, PowerLimit
from sessions_app.smart_charging.variants import Facts
from stations.models import EVSE, ChargingStation, Variable

_SOON = timedelta(seconds=90)
_LEVEL = (("", "ChargeProfileMaxStackLevel"), ("SmartChargingCtrlr", "ProfileStackLevel"))
_UNITS = (("", "ChargingScheduleAllowedChargingRateUnit"), ("SmartChargingCtrlr", "RateUnit"))
_PHASES = {"DC": 1, "AC_1_PHASE": 1, "AC_2_PHASE": 2, "AC_2_PHASE_SPLIT": 2}
_WRITTEN = {"current": "A", "power": "W", "a": "A", "w": "W"}  # 1.6 has words, 2.x letters


def of(limit: PowerLimit) -> Facts:
    station = limit.station
    evses = list(EVSE.objects.filter(station=station))
    here = [evse for evse in evses if limit.evse_id in (0, evse.evse_id)]
    said = {(v.component, v.name): v.value or "" for v in Variable.objects.filter(station=station, attribute="Actual")}
    level = next((said[key] for key in _LEVEL if key in said), "")
    units = next((said[key] for key in _UNITS if key in said), "")
    words = (word.strip().lower() for word in units.split(","))
    return Facts(
        version=station.ocpp_version,
        dc=bool(here) and all(evse.power_type == "DC" for evse in here),
        phases=max((_PHASES.get(evse.power_type, 3) for evse in here), default=3),
        evse=limit.evse_id,
        alone=len(evses) == 1,
        transaction=_transaction(limit),
        max_level=int(level) if level.isdecimal() and len(level) < 9 else None,
        units=tuple(_WRITTEN[word] for word in words if word in _WRITTEN),
    )


def most_w(limit: PowerLimit) -> int | None:
    """What the place could give without a limit, where its plate says."""
    found = EVSE.objects.filter(station=limit.station_id, max_power_w__isnull=False)
    if limit.evse_id:
        found = found.filter(evse_id=limit.evse_id)
    plates = list(found.values_list("max_power_w", flat=True))
    return sum(watts for watts in plates if watts) or None


def stopped_by_it(limit: PowerLimit) -> bool:
    """Did the charge end as soon as nothing was to flow (quirk 76)?"""
    if limit.given_w or limit.accepted_at is None:
        return False
    ended = ChargingSession.objects.filter(station=limit.station_id, transaction_id=limit.transaction_id)
    return ended.filter(stopped_at__range=(limit.accepted_at - _SOON, limit.accepted_at + _SOON)).exists()


def habit(station: ChargingStation) -> PowerHabit:
    """An unsaved one where nothing is known."""
    make = _make(station)
    return PowerHabit.objects.filter(**make).first() or PowerHabit(**make)


def learn(station: ChargingStation, *, variant: str | None, pause: PowerHabit.Pause | None) -> None:
    known, _new = PowerHabit.objects.get_or_create(**_make(station))
    known.variant = known.variant if variant is None else variant
    known.pause = known.pause if pause is None else pause
    known.save()


def _make(station: ChargingStation) -> dict[str, Any]:
    return {"vendor": station.vendor or "", "model": station.model or "", "firmware": station.firmware_version or ""}


def _transaction(limit: PowerLimit) -> str:
    if not limit.evse_id:
        return ""
    running = ChargingSession.objects.active().filter(station=limit.station_id, evse_id=limit.evse_id)
    return running.order_by("-pk").values_list("transaction_id", flat=True).first() or ""
