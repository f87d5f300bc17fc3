"""Tariffs as the operator lists them: newest version, and where each holds now."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import get_language

from accounts.models import Operator
from billing import pricing
from billing.models import Tariff, TariffAssignment, TariffVersion
from stations.models import Location


@dataclass(frozen=True, slots=True)
class Row:
    """`locations` that have this tariff by name; `default`: it holds everywhere else."""

    tariff: Tariff
    version: TariffVersion
    sentence: str
    locations: list[Location]
    default: bool


def rows(operator: Operator) -> list[Row]:
    """Every tariff that is not archived, in three queries."""
    held = _held(operator)
    language = get_language() or "it"
    found = Tariff.objects.filter(operator=operator, archived_at=None).prefetch_related("versions").order_by("name")
    made = []
    for tariff in found:
        version = max(tariff.versions.all(), key=lambda version: version.number)
        places = [place for place, pk in held if pk == tariff.pk]
        sentence = pricing.describe(version, language)
        made.append(Row(tariff, version, sentence, [place for place in places if place], None in places))
    return made


def places(tariff: Tariff) -> list[Location | None]:
    """Where it holds now; None is everywhere else."""
    return [place for place, pk in _held(tariff.operator) if pk == tariff.pk]


def default(operator: Operator) -> int | None:
    """The primary key of the tariff that holds where a location has none."""
    return next((pk for place, pk in _held(operator) if place is None), None)


def _held(operator: Operator) -> list[tuple[Location | None, int | None]]:
    """The newest assignment of each place up to now."""
    newest: dict[int | None, tuple[Location | None, int | None]] = {}
    found = TariffAssignment.objects.filter(operator=operator, valid_from__lte=timezone.now())
    for entry in found.select_related("location").order_by("valid_from", "pk"):
        newest[entry.location_id] = (entry.location, entry.tariff_id)
    return list(newest.values())
