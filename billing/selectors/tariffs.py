"""Tariffs as the operator lists them: newest version, and where each holds now."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import Operator
from billing import pricing
from billing.models import Tariff, TariffAssignment, TariffVersion
from billing.selectors.assignments import SCOPE_COLUMNS, Scope
from stations.models import Location

RELATED = ("tariff", "location", "station", "evse", "plan", "driver_group")


@dataclass(frozen=True, slots=True)
class Row:
    """`locations` that have this tariff by name, for everybody; `default`: it holds everywhere else; `others`: at which other places
    and for whom else it holds."""

    tariff: Tariff
    version: TariffVersion
    sentence: str
    locations: list[Location]
    default: bool
    others: list[TariffAssignment]


def rows(operator: Operator) -> list[Row]:
    """Every tariff that is not archived, in three queries."""
    held = held_now(operator)
    language = get_language() or "it"
    found = Tariff.objects.filter(operator=operator, archived_at=None).prefetch_related("versions").order_by("name")
    made = []
    for tariff in found:
        version = max(tariff.versions.all(), key=lambda version: version.number)
        mine = [entry for entry in held if entry.tariff_id == tariff.pk]
        plain = [entry for entry in mine if _is_plain(entry)]
        locations = [entry.location for entry in plain if entry.location]
        default = any(entry.location is None for entry in plain)
        sentence = pricing.describe(version, language)
        made.append(Row(tariff, version, sentence, locations, default, [e for e in mine if not _is_plain(e)]))
    return made


def places(tariff: Tariff) -> list[Location | None]:
    """Where it holds now for everybody; None is everywhere else."""
    held = held_now(tariff.operator)
    return [entry.location for entry in held if entry.tariff_id == tariff.pk and _is_plain(entry)]


def default(operator: Operator) -> int | None:
    """The primary key of the tariff that holds where a location has none."""
    plain = (entry for entry in held_now(operator) if _is_plain(entry))
    return next((entry.tariff_id for entry in plain if entry.location_id is None), None)


def held_now(operator: Operator) -> list[TariffAssignment]:
    """The newest assignment of each scope up to now, in the order in which they were made; those that ended a scope among them."""
    newest: dict[Scope, TariffAssignment] = {}
    found = TariffAssignment.objects.filter(operator=operator, valid_from__lte=timezone.now())
    for entry in found.select_related(*RELATED).order_by("valid_from", "pk"):
        newest[scope_of(entry)] = entry
    return list(newest.values())


def scope_of(entry: TariffAssignment) -> Scope:
    return Scope(*(getattr(entry, name) for name in SCOPE_COLUMNS))


def words(entry: TariffAssignment) -> str:
    """Where and for whom: "Plan Casa · Milano Centro · DC"; "" for everybody everywhere."""
    people = {
        _("Plan %(name)s"): entry.plan,
        _("Group %(name)s"): entry.driver_group,
        _("Partner %(name)s"): entry.partner,
    }
    said = [text % {"name": who} for text, who in people.items() if who]
    said += [_("Without an account")] if entry.ad_hoc else []
    said += [str(place) for place in (entry.location, entry.station, entry.evse) if place]
    said += [entry.get_power_type_display()] if entry.power_type else []
    return " · ".join(said)


def _is_plain(entry: TariffAssignment) -> bool:
    """At a location or anywhere, for everybody."""
    return scope_of(entry) == Scope(entry.operator_id, location_id=entry.location_id)
