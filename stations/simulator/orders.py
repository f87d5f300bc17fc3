"""What a central system orders a station to do, in no protocol's words: what it will answer, and what it then does."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from . import limits

if TYPE_CHECKING:
    from .station import Station

CONNECTION_TIMEOUT = timedelta(seconds=90)


def change_availability(station: "Station", number: int | None, *, operative: bool) -> str:
    """Accepted, Scheduled behind a running transaction, or Rejected for a connector that is not there."""
    if number and number not in station.connectors:
        return "Rejected"
    chosen = [station.connectors[number]] if number else list(station.connectors.values())
    if not number:
        station.operative = operative
    for connector in chosen:
        connector.operative = operative
    return "Scheduled" if not operative and any(c.transaction for c in chosen) else "Accepted"


async def show_availability(station: "Station") -> None:
    """What follows a change of availability: each idle connector says how it is."""
    await station.speaker.station_status()
    for connector in station.connectors.values():
        if not connector.transaction and connector.status != "Faulted":
            await station.say_status(connector, station.resting(connector))


def remote_start(
    station: "Station", token: str, number: int | None, *, remote_start_id: int | None = None, profile: Any = None
) -> bool:
    """Whether it will try; `begin_remote` then does."""
    connector = station.connectors.get(number) if number else station.waiting() or station.first_free()
    if connector is None or connector.transaction or not connector.usable:
        return False
    if connector.reserved and connector.reserved[1].upper() != token.upper():
        return False
    connector.locked_for, connector.remote_start_id, connector.profile = token, remote_start_id, profile
    return True


async def begin_remote(station: "Station", *, authorize: bool) -> None:
    """Starts where a car is plugged in; where none is, waits for it."""
    for connector in station.connectors.values():
        token = connector.locked_for
        if not token or connector.transaction:
            continue
        if not station.begins_remotely:
            connector.locked_for = None
            continue
        if authorize and not await station.allowed(token):
            connector.locked_for = None
            continue
        if connector.car:
            await station.start(connector, token)
            continue
        connector.locked_until = station.clock.now() + CONNECTION_TIMEOUT
        await station.say_status(connector, "Preparing")
        if station.on_remote_start:
            await station.on_remote_start(connector)


async def unlock(station: "Station", number: int) -> None:
    """The cable comes free; a transaction ends with it (1.6)."""
    if station.connectors[number].transaction:
        await station.stop(number, reason="UnlockCommand")


def take_profile(station: "Station", profile: dict[str, Any], number: int) -> bool:
    """Installs a charging profile; a TxProfile needs its transaction, and every profile a connector that is there."""
    connector = station.connectors.get(number)
    if number and connector is None:
        return False
    if profile["charging_profile_purpose"] == "TxProfile" and (connector is None or connector.transaction is None):
        return False
    if not all(behaviour.takes(profile) for behaviour in station.line.behaviours):
        return False
    if all(behaviour.applies_profiles for behaviour in station.line.behaviours):
        station.profiles.take(limits.read(profile, connector=number, phases=1 if station.spec.dc else 3))
    return True


def clear_profiles(station: "Station", **which: Any) -> bool:
    """Those that match everything given (`limits.Installed.drop`). False if there was none."""
    if not all(behaviour.clears_profiles for behaviour in station.line.behaviours):
        return True
    return station.profiles.drop(**which)


def composite(station: "Station", number: int, duration: int, unit: str) -> list[dict[str, Any]]:
    return station.profiles.composite(
        connector=number,
        at=station.clock.now(),
        duration=duration,
        unit=unit,
        most_w=station.spec.max_w,
        phases=1 if station.spec.dc else 3,
    )


def reserve(station: "Station", number: int, reservation_id: int, token: str, until: datetime) -> str:
    """Accepted, or why not: Occupied, Faulted, Unavailable, Rejected. 0 means any free connector."""
    connector = station.connectors.get(number) if number else station.first_free()
    if connector is None:
        return "Rejected" if number else "Occupied"
    if connector.status in ("Faulted", "Unavailable"):
        return connector.status
    if not connector.free or (connector.reserved and connector.reserved[0] != reservation_id):
        return "Occupied"
    connector.reserved = (reservation_id, token, until)
    return "Accepted"


def cancel_reservation(station: "Station", reservation_id: int) -> bool:
    held = [c for c in station.connectors.values() if c.reserved and c.reserved[0] == reservation_id]
    for connector in held:
        connector.reserved = None
    return bool(held)


async def show_reservations(station: "Station") -> None:
    for connector in station.connectors.values():
        wanted = "Reserved" if connector.reserved else "Available"
        if connector.free and connector.status in ("Available", "Reserved") and connector.status != wanted:
            await station.say_status(connector, wanted)


async def let_expire(station: "Station") -> None:
    """Reservations that nobody came for, and remote starts for which no cable came."""
    now = station.clock.now()
    for connector in station.connectors.values():
        if connector.reserved and connector.reserved[2] <= now:
            connector.reserved = None
        if connector.locked_for and connector.car is None and connector.locked_until and connector.locked_until <= now:
            connector.locked_for = connector.locked_until = None
            await station.say_status(connector, station.resting(connector))
    await show_reservations(station)
