"""Saying where and for whom a price holds, from when and until when. A row is never edited: an end is a row of its own."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import DriverGroup, Operator, User
from billing.models import Plan, Tariff, TariffAssignment
from billing.selectors import assignments
from billing.selectors.assignments import SCOPE_COLUMNS
from billing.services.prices import lawful, tariffs
from billing.services.prices.tariffs import Actor
from cms.core.errors import Conflict, Invalid
from stations.models import EVSE, ChargingStation, Location

_PARTY = re.compile(r"([A-Za-z]{2})[*-]?([A-Za-z0-9]{3})", re.ASCII)


@transaction.atomic
def assign(
    *,
    tariff: Tariff | None,
    operator: Operator,
    location: Location | None = None,
    station: ChargingStation | None = None,
    evse: EVSE | None = None,
    power_type: str = "",
    plan: Plan | None = None,
    driver_group: DriverGroup | None = None,
    partner: str = "",
    ad_hoc: bool = False,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    by: Actor,
) -> TariffAssignment:
    """From `valid_from` (now) on, sessions that begin at the place, for these people, have this tariff (TariffAssignment says how
    the scopes combine, `selectors.assignments` which of several wins). `tariff` None ends the scope: the next best holds again;
    for everybody everywhere that is nothing, free. From `valid_until` on the scope has what it would have had without this.

    Raises Invalid for more than one place or kind of person, for rows of another operator and, where a person asks, for a moment
    that is past: what has begun keeps its price. Conflict(tariff_archived), Conflict(afir), Forbidden.
    """
    tariffs.demand(by, operator)
    partner = party(partner)
    places = {"location": location, "station": station, "evse": evse}
    people = {"plan": plan, "driver_group": driver_group, "partner": partner, "ad_hoc": ad_hoc}
    _check_scope(operator, tariff, places, people)
    if power_type not in ("", *TariffAssignment.PowerType.values):
        raise Invalid({"power_type": [_("This is not one of the possible values.")]})
    if tariff is not None and tariff.archived_at:
        raise Conflict(_("This tariff is archived."), code="tariff_archived", tariff=tariff.pk)
    row = TariffAssignment(
        operator=operator,
        tariff=tariff,
        power_type=power_type,
        valid_from=tariffs.moment(valid_from, by),
        by=by if isinstance(by, User) else None,
        **places,
        **people,
    )
    if valid_until is not None and valid_until.year >= tariffs.END:
        raise Invalid({"valid_until": [_("A time of this century is expected.")]})
    if valid_until is not None and valid_until <= row.valid_from:
        raise Invalid({"valid_until": [_("This is not after the beginning.")]})
    _lock(operator)
    with lawful.kept(operator, by=by):
        if valid_until is not None and (after := _afterwards(row, valid_until)) is not None:
            after.save()
        row.save()
    return row


@transaction.atomic
def end(*, row: TariffAssignment, at: datetime | None = None, by: Actor) -> None:
    """From `at` (now) on the next best price holds in its scope. What has not begun, an end too, is called off where no moment is named:
    the scope goes on as it is. Twice is boring. Raises Conflict(assignment_over) where something else holds there by now, Conflict(afir), Invalid
    for a moment that is past, Forbidden."""
    tariffs.demand(by, row.operator)
    _lock(row.operator)
    now = timezone.now()
    waits = row.valid_from > now
    same = TariffAssignment.objects.filter(**_columns(row))
    last = same.filter(valid_from__lte=row.valid_from if waits else now).order_by("-valid_from", "-pk").first()
    ended = last is not None and last.tariff_id is None
    if ended and not (waits and last == row):
        return
    if last != row:
        raise Conflict(
            _("Something else holds there by now: look at it again."), code="assignment_over", assignment=row.pk
        )
    called_off = waits and at is None
    before = same.filter(valid_from__lt=row.valid_from).order_by("-valid_from", "-pk").first() if called_off else None
    follower = TariffAssignment(
        **_columns(row),
        tariff=before.tariff if before else None,
        valid_from=row.valid_from if called_off else tariffs.moment(at, by),
        by=by if isinstance(by, User) else None,
    )
    if follower.valid_from < row.valid_from:
        raise Invalid({"valid_from": [_("This is before it begins.")]})
    with lawful.kept(row.operator, by=by):
        follower.save()


def _lock(operator: Operator) -> None:
    """One change of an operator's assignments at a time: each looks at what holds."""
    Operator.objects.select_for_update(no_key=True).get(pk=operator.pk)


def _afterwards(row: TariffAssignment, until: datetime) -> TariffAssignment | None:
    """What ends `row`, unless something else takes over before."""
    same = TariffAssignment.objects.filter(**_columns(row), valid_from__lte=until)
    last = same.select_related("tariff").order_by("-valid_from", "-pk").first()
    if last is not None and last.valid_from > row.valid_from:
        return None
    goes_on = last.tariff if last and last.tariff and not last.tariff.archived_at else None
    return TariffAssignment(**_columns(row), tariff=goes_on, valid_from=until, by=row.by)


def _columns(row: TariffAssignment) -> dict[str, Any]:
    """Its scope, for a query and for a row alike."""
    return dict(zip(SCOPE_COLUMNS, assignments.scope_of(row), strict=True))


def party(text: str) -> str:
    """IT*ABC, from itabc and IT-ABC too (OCPI 2.2.1: country_code and party_id). Raises Invalid."""
    if not text.strip():
        return ""
    found = _PARTY.fullmatch(text.strip())
    if found is None:
        raise Invalid({"partner": [_("Two letters of the country and three of the party are expected: IT*ABC.")]})
    return f"{found[1]}*{found[2]}".upper()


def _check_scope(
    operator: Operator, tariff: Tariff | None, places: Mapping[str, Any], people: Mapping[str, Any]
) -> None:
    for sort in (places, people):
        given = [name for name, value in sort.items() if value]
        if len(given) > 1:
            raise Invalid({given[1]: [_("Only one of these can be chosen: %(names)s.") % {"names": ", ".join(sort)}]})
    for name, row in {"tariff": tariff, **places, **people}.items():
        if isinstance(row, Model) and _operator_of(row) != operator.pk:
            raise Invalid({name: [_("This belongs to another operator.")]})


def _operator_of(row: Any) -> int:
    return row.station.operator_id if isinstance(row, EVSE) else row.operator_id
