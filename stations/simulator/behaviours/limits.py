"""Charging profiles that are refused, ignored, forgotten or kept (smart charging)."""

from typing import TYPE_CHECKING

from .behaviour import Behaviour, Payload

if TYPE_CHECKING:
    from ..hardware import Connector
    from ..station import Station

LEAST_A = 6
_MAXIMA = ("ChargePointMaxProfile", "ChargingStationMaxProfile")


def schedule(profile: Payload) -> Payload:
    found = profile["charging_schedule"]
    told: Payload = found[0] if isinstance(found, list) else found
    return told


class OnlyTheGroundFloor(Behaviour):
    """Reports stack levels and takes none but 0."""

    def takes(self, profile: Payload) -> bool:
        return bool(profile["stack_level"] == 0)


class OnlyItsMaximum(Behaviour):
    def takes(self, profile: Payload) -> bool:
        return profile["charging_profile_purpose"] in _MAXIMA


class AcceptsAndForgets(Behaviour):
    applies_profiles = False


class NeedsSixAmperes(Behaviour):
    """It cannot pause."""

    def takes(self, profile: Payload) -> bool:
        told = schedule(profile)
        least = LEAST_A if told["charging_rate_unit"] == "A" else LEAST_A * 230
        return all(float(period["limit"]) >= least for period in told["charging_schedule_period"])


class EndsAtNothing(Behaviour):
    """Where nothing is to flow, the transaction ends."""

    async def sampled(self, station: "Station", connector: "Connector") -> None:
        if connector.transaction and connector.status == "SuspendedEVSE":
            await station.stop(connector.id, reason="Other")


class OnlyAbsolute(Behaviour):
    """Refuses Relative, and a transaction by its number."""

    def takes(self, profile: Payload) -> bool:
        return profile["charging_profile_kind"] == "Absolute" and profile.get("transaction_id") is None


class OnlyWatts(Behaviour):
    def takes(self, profile: Payload) -> bool:
        return bool(schedule(profile)["charging_rate_unit"] == "W")


class ForgetsAtBoot(Behaviour):
    keeps_profiles = False


class ClearsNothing(Behaviour):
    """ClearChargingProfile is accepted, and everything stays."""

    clears_profiles = False
