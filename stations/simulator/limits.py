"""Charging profiles as a station obeys them (1.6 §3.13, 2.0.1 K): what may flow at an instant, in W.

Per purpose the highest stack level that covers the instant counts; a TxProfile overrules the TxDefaultProfile; a station's
maximum caps both. Amperes are per phase at 230 V.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .clock import parse

VOLTS = 230
_CAPS = ("ChargePointMaxProfile", "ChargingStationMaxProfile", "ChargingStationExternalConstraints")
_RECURRENCE = {"Daily": timedelta(days=1), "Weekly": timedelta(days=7)}


@dataclass(frozen=True, slots=True)
class Profile:
    """One installed profile; `connector` 0 holds for all. `periods` are (seconds from the start, limit in W)."""

    id: int
    connector: int
    stack_level: int
    purpose: str
    kind: str
    periods: tuple[tuple[int, float], ...]
    start: datetime | None = None
    duration: int | None = None
    recurrence: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    transaction: str | None = None

    def limit_at(self, at: datetime, began: datetime) -> float | None:
        """W at an instant, None where it says nothing. `began` is the start of the transaction (kind Relative)."""
        if (self.valid_from and at < self.valid_from) or (self.valid_to and at >= self.valid_to):
            return None
        start = began if self.kind == "Relative" or self.start is None else self.start
        if at < start:
            return None
        elapsed = at - start
        if self.kind == "Recurring" and self.recurrence in _RECURRENCE:
            elapsed %= _RECURRENCE[self.recurrence]
        seconds = elapsed.total_seconds()
        if self.duration is not None and seconds >= self.duration:
            return None
        return next((limit for offset, limit in reversed(self.periods) if offset <= seconds), None)


def read(profile: dict[str, Any], *, connector: int, phases: int = 3) -> Profile:
    """From the wire, 1.6 or 2.x, in the `ocpp` package's snake case. KeyError where a member is missing."""
    schedule = profile["charging_schedule"]
    schedule = schedule[0] if isinstance(schedule, list) else schedule
    per_ampere = VOLTS if schedule["charging_rate_unit"] == "A" else None

    def watts(period: dict[str, Any]) -> float:
        limit = float(period["limit"])
        return limit * per_ampere * min(phases, period.get("number_phases") or phases) if per_ampere else limit

    return Profile(
        id=profile["charging_profile_id"] if "charging_profile_id" in profile else profile["id"],
        connector=connector,
        stack_level=profile["stack_level"],
        purpose=profile["charging_profile_purpose"],
        kind=profile["charging_profile_kind"],
        periods=tuple((p["start_period"], watts(p)) for p in schedule["charging_schedule_period"]),
        start=_time(schedule.get("start_schedule")),
        duration=schedule.get("duration"),
        recurrence=profile.get("recurrency_kind"),
        valid_from=_time(profile.get("valid_from")),
        valid_to=_time(profile.get("valid_to")),
        transaction=str(profile["transaction_id"]) if profile.get("transaction_id") is not None else None,
    )


class Installed:
    """The profiles a station holds."""

    def __init__(self) -> None:
        self._profiles: list[Profile] = []

    def take(self, new: Profile) -> None:
        """The same id, or the same purpose, stack level and connector, is replaced."""
        place = (new.purpose, new.stack_level, new.connector)
        kept = [p for p in self._profiles if p.id != new.id and (p.purpose, p.stack_level, p.connector) != place]
        self._profiles = [*kept, new]

    def drop(
        self,
        *,
        id: int | None = None,
        connector: int | None = None,
        purpose: str | None = None,
        stack_level: int | None = None,
    ) -> bool:
        """Those that match everything given; an id alone decides. False if there was none."""

        def matches(profile: Profile) -> bool:
            if id is not None:
                return profile.id == id
            asked = ((connector, profile.connector), (purpose, profile.purpose), (stack_level, profile.stack_level))
            return all(wanted is None or wanted == own for wanted, own in asked)

        kept = [profile for profile in self._profiles if not matches(profile)]
        dropped = len(kept) < len(self._profiles)
        self._profiles = kept
        return dropped

    def forget_transaction(self, connector: int) -> None:
        """A TxProfile goes with its transaction."""
        self._profiles = [p for p in self._profiles if (p.purpose, p.connector) != ("TxProfile", connector)]

    def limit_w(self, *, connector: int, at: datetime, began: datetime) -> float | None:
        """What may flow at a connector, None without a limit."""
        here = [p for p in self._profiles if p.connector in (0, connector)]
        caps = [_winner([p for p in here if p.purpose == purpose], at, began) for purpose in _CAPS]
        own = _winner([p for p in here if p.purpose == "TxProfile"], at, began)
        if own is None:
            own = _winner([p for p in here if p.purpose == "TxDefaultProfile"], at, began)
        given = [limit for limit in (own, *caps) if limit is not None]
        return min(given) if given else None

    def composite(
        self, *, connector: int, at: datetime, duration: int, unit: str, most_w: float, phases: int
    ) -> list[dict[str, Any]]:
        """What would hold from `at` for `duration` seconds, as periods of the wire in `unit` (W, or A per phase)."""
        starts = {0} | {o for p in self._profiles for o in _offsets(p, at) if 0 < o < duration}
        periods: list[dict[str, Any]] = []
        for start in sorted(starts):
            limit = self.limit_w(connector=connector, at=at + timedelta(seconds=start), began=at)
            watts = min(most_w, most_w if limit is None else limit)
            value = round(watts / (VOLTS * phases) if unit == "A" else watts, 1)
            if not periods or periods[-1]["limit"] != value:
                periods.append({"start_period": start, "limit": value})
        return periods


def _offsets(profile: Profile, at: datetime) -> Iterable[int]:
    """Seconds from `at` to the profile's own changes."""
    start = profile.start if profile.start and profile.kind != "Relative" else at
    base = int((start - at).total_seconds())
    yield from (base + offset for offset, _ in profile.periods)
    if profile.duration is not None:
        yield base + profile.duration


def _winner(profiles: list[Profile], at: datetime, began: datetime) -> float | None:
    for profile in sorted(profiles, key=lambda p: (p.stack_level, p.connector), reverse=True):
        limit = profile.limit_at(at, began)
        if limit is not None:
            return limit
    return None


def _time(text: str | None) -> datetime | None:
    return parse(text) if text else None
