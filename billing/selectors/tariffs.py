"""Tariffs as the operator lists them, and where each holds: the assignments that count now and those that wait."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import get_language

from accounts.models import Operator, User
from billing import pricing
from billing.models import Tariff, TariffAssignment, TariffDraft, TariffVersion
from billing.selectors import reach
from billing.selectors.assignments import SCOPE_COLUMNS

WITH_NAMES = ("location", "station", "evse__station", "plan", "driver_group", "tariff", "by")
Mark = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """`version` holds now (or will first); `scheduled` is the next one. `points` have this price for everybody. `draft`: the
    reader is changing it."""

    tariff: Tariff
    version: TariffVersion
    scheduled: TariffVersion | None
    sentence: str
    holdings: list[TariffAssignment]
    points: int
    draft: TariffDraft | None

    @property
    def default(self) -> bool:
        return any(everywhere(holding) for holding in self.holdings)


def rows(operator: Operator, reader: User) -> list[Row]:
    """Every tariff that is not archived, in a fixed number of queries."""
    now, language = timezone.now(), get_language() or "it"
    held: dict[int | None, list[TariffAssignment]] = {}
    for holding in current(operator, now):
        held.setdefault(holding.tariff_id, []).append(holding)
    drafts = {
        d.tariff_id: d for d in TariffDraft.objects.filter(operator=operator, author=reader, tariff__isnull=False)
    }
    points = reach.points_by_tariff(operator, now)
    found = Tariff.objects.offered().filter(operator=operator).order_by("name")
    standing = TariffVersion.objects.standing().order_by("valid_from", "number")
    made = []
    for tariff in found.prefetch_related(Prefetch("versions", standing)):
        begun = [version for version in tariff.versions.all() if version.valid_from <= now]
        waiting = [version for version in tariff.versions.all() if version.valid_from > now]
        shown = begun[-1] if begun else waiting[0]
        following = next((version for version in waiting if version != shown), None)
        sentence = pricing.describe(shown, language)
        mine = held.get(tariff.pk, [])
        made.append(Row(tariff, shown, following, sentence, mine, points[tariff.pk], drafts.get(tariff.pk)))
    return made


def new_draft(operator: Operator, reader: User) -> TariffDraft | None:
    """A tariff that the reader has begun and not published."""
    return TariffDraft.objects.filter(operator=operator, author=reader, tariff=None).first()


def current(operator: Operator, now: datetime) -> list[TariffAssignment]:
    """The newest assignment of each scope up to now, those that have ended left out; what is asked first stands first."""
    newest: dict[Mark, TariffAssignment] = {}
    begun = TariffAssignment.objects.filter(operator=operator, valid_from__lte=now)
    for row in begun.select_related(*WITH_NAMES).order_by("valid_from", "pk"):
        newest[mark(row)] = row
    return sorted((row for row in newest.values() if row.tariff_id), key=lambda row: (*reach.rank(row), row.pk))


def waiting(operator: Operator, now: datetime) -> list[TariffAssignment]:
    """What begins, or ends, later; of several for one scope at one moment the last word."""
    newest: dict[Mark, TariffAssignment] = {}
    later = TariffAssignment.objects.filter(operator=operator, valid_from__gt=now)
    for row in later.select_related(*WITH_NAMES).order_by("valid_from", "pk"):
        newest[row.valid_from, *mark(row)] = row
    return list(newest.values())


def mark(row: TariffAssignment) -> Mark:
    """The scope of an assignment, as selectors.assignments knows it."""
    return tuple(getattr(row, name) for name in SCOPE_COLUMNS)


def everywhere(row: TariffAssignment) -> bool:
    """For everybody, at every place: the default."""
    return not any(mark(row)[1:])
