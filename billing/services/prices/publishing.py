"""A price is published: once, knowingly, and never where the law forbids it."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import Operator, User
from billing.models import Tariff, TariffVersion
from billing.selectors import reach
from billing.selectors.reach import Point
from billing.services.prices import drafts, tariffs
from billing.tariffs import afir, parsing
from cms.core.errors import Conflict, Invalid


@transaction.atomic
def publish(
    *,
    operator: Operator,
    tariff: Tariff | None,
    name: str,
    terms: dict[str, Any],
    base: int,
    valid_from: datetime | None,
    by: User,
) -> TariffVersion:
    """A new version from `valid_from` (now) on, or a new tariff with its first one; the person's draft ends with it.

    `base` is the number of the version that the person looked at when confirming, 0 for a new tariff. Raises Invalid (also for a
    moment that has passed), Forbidden, Conflict(tariff_changed) where somebody else published meanwhile, Conflict(afir) where it
    would be the price without a contract of fast points and may not be.
    """
    access.demand(by, "tariff.edit", tariff or operator)
    now = timezone.now()
    if valid_from is not None and valid_from <= now:
        raise Invalid({"valid_from": [_("This moment has passed.")]})
    if tariff is not None:
        _unchanged(tariff, base)
    if tariff is None:
        version = tariffs.create(operator=operator, name=name, valid_from=valid_from, by=by, **terms)
    else:
        version = tariffs.change(tariff=tariff, name=name, valid_from=valid_from, by=by, **terms)
    drafts.discard(operator=operator, tariff=tariff, by=by)
    return version


def forbidden_at(*, operator: Operator, tariff: Tariff | None, terms: dict[str, Any], at: datetime) -> list[Point]:
    """The points of 50 kW and more that would have this price without a contract, and may not: what services.lawful will say,
    for a page that asks before."""
    try:
        parsed = parsing.tariff(**terms)
    except parsing.Wrong:  # the saving says what is wrong
        return []
    if not afir.objections(parsed):
        return []
    if tariff is None and not _becomes_default(operator):
        return []
    return reach.fast_ad_hoc(operator, tariff, at)


def _becomes_default(operator: Operator) -> bool:
    """Where nobody has set a price for everybody everywhere, a new tariff is it at once (services.tariffs.create)."""
    nobody = {"plan": None, "driver_group": None, "partner": "", "ad_hoc": False}
    nowhere = {"location": None, "station": None, "evse": None, "power_type": ""}
    return not operator.tariff_assignments.filter(**nobody, **nowhere).exists()


def _unchanged(tariff: Tariff, base: int) -> None:
    locked = Tariff.objects.select_for_update(of=("self",)).get(pk=tariff.pk)
    newest = locked.versions.order_by("-number").values_list("number", flat=True).first() or 0
    if newest != base:
        raise Conflict(
            _("Somebody else published version %(n)s meanwhile: look at it first.") % {"n": newest},
            code="tariff_changed",
            tariff=tariff.pk,
            newest=newest,
        )
