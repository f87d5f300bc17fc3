"""The versions of a tariff as its pages tell them: which one holds, which wait, who published what and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from billing import pricing
from billing.models import Tariff, TariffVersion
from billing.views import differences


@dataclass(frozen=True, slots=True)
class Told:
    """`state`: live, scheduled, past or cancelled. `change`: against the version before, "" for the first. `over`: scheduled to take
    over from a version with a higher number."""

    version: TariffVersion
    sentence: str
    state: str
    change: str
    until: datetime | None

    @property
    def author(self) -> str:
        return str(self.version.by or "")


@dataclass(frozen=True, slots=True)
class History:
    """`newest` is the highest number that stands: what a new version must build on. `live` is None where the first one waits."""

    told: Sequence[Told]
    live: TariffVersion | None
    newest: TariffVersion
    scheduled: Sequence[TariffVersion]

    @property
    def shown(self) -> TariffVersion:
        return self.live or self.newest

    def before(self, version: TariffVersion) -> TariffVersion:
        """The one that was published before, itself where it is the first."""
        older = (one.version for one in self.told if one.version.number < version.number and one.state != "cancelled")
        return next(older, version)

    def numbered(self, number: int) -> TariffVersion | None:
        return next((one.version for one in self.told if one.version.number == number), None)


def of(tariff: Tariff, language: str, *, now: datetime | None = None) -> History:
    """One query. A tariff is born with a version, and one always stands."""
    at = now or timezone.now()
    versions = list(tariff.versions.select_related("by", "cancelled_by").order_by("-number"))
    standing = sorted((v for v in versions if v.cancelled_at is None), key=lambda v: (v.valid_from, v.number))
    begun = [version for version in standing if version.valid_from <= at]
    live = begun[-1] if begun else None
    scheduled = [version for version in standing if version.valid_from > at]
    newest = next(version for version in versions if version.cancelled_at is None)
    told = []
    for place, version in enumerate(versions):
        before = versions[place + 1] if place + 1 < len(versions) else None
        change = differences.line(before, version, language) if before else ""
        told.append(
            Told(
                version,
                pricing.describe(version, language),
                _state(version, live, at),
                change,
                _until(version, standing),
            )
        )
    return History(told, live, newest, scheduled)


def _state(version: TariffVersion, live: TariffVersion | None, at: datetime) -> str:
    if version.cancelled_at is not None:
        return "cancelled"
    if version.valid_from > at:
        return "scheduled"
    return "live" if version == live else "past"


def _until(version: TariffVersion, standing: Sequence[TariffVersion]) -> datetime | None:
    if version not in standing:
        return None
    following = standing[standing.index(version) + 1 :]
    return following[0].valid_from if following else None
