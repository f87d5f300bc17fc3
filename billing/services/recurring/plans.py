"""What plans an operator offers. A version is immutable: who has it keeps its price until told otherwise in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import ApiKey, Operator, User
from billing.models import Plan, PlanVersion, Subscription
from billing.services.invoicing import issuing
from billing.services.recurring import histories
from cms.core import money
from cms.core.errors import Conflict, Invalid
from cms.core.models import checked
from stations.models import Location

Actor = User | ApiKey

NOTICE = timedelta(days=30)  # Codice del consumo: a change of price is told in time to leave
MOST_FEE, MOST_WH, MOST_SECONDS = Decimal(10_000), Decimal(100_000_000), 31 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Terms:
    """What a month costs, in the operator's currency and with VAT, and what it includes: Wh, and seconds of charging; at all of the
    operator's `locations` where none are named."""

    monthly_fee: Decimal
    vat_rate: Decimal
    included_energy: Decimal = Decimal(0)
    included_seconds: int = 0
    locations: Sequence[Location] = ()
    tax_included: bool = True


@transaction.atomic
def create(*, operator: Operator, name: str, terms: Terms, by: Actor | None) -> Plan:
    """A plan that can be chosen from now on. Raises Forbidden; Invalid for a name that is offered already, or the terms."""
    _demand(by, operator)
    _check(terms, operator)
    plan = Plan(operator=operator, name=name.strip())
    checked(plan)
    try:
        with transaction.atomic():
            plan.save()
    except IntegrityError as taken:
        raise Invalid({"name": [_("You offer a plan of this name already.")]}) from taken
    _version(plan, terms, number=1, valid_from=timezone.now())
    return plan


@transaction.atomic
def revise(*, plan: Plan, terms: Terms, by: Actor | None, valid_from: datetime | None = None) -> PlanVersion:
    """Its next version, for who chooses it from now (or `valid_from`) on. Subscribers keep theirs: see `move`. The same terms again
    are the same version. Raises Forbidden, Invalid, Conflict(plan_archived)."""
    _demand(by, plan.operator)
    _check(terms, plan.operator)
    locked = Plan.objects.select_for_update(of=("self",)).select_related("operator").get(pk=plan.pk)
    if locked.archived_at:
        raise Conflict(_("This plan is not offered any more."), code="plan_archived")
    newest = locked.versions.order_by("-number")[0]
    if _same(newest, terms):
        return newest
    return _version(
        locked, terms, number=newest.number + 1, valid_from=max(valid_from or timezone.now(), newest.valid_from)
    )


def archive(*, plan: Plan, by: Actor | None) -> None:
    """Nobody can choose it any more. A second time changes nothing. Raises Forbidden."""
    _demand(by, plan.operator)
    Plan.objects.filter(pk=plan.pk, archived_at=None).update(archived_at=timezone.now(), updated_at=timezone.now())


@transaction.atomic
def move(*, plan: Plan, version: PlanVersion, by: Actor | None, on: date | None = None) -> int:
    """Everybody who has `plan` gets `version`, of it or of another plan, with the first renewal on or after `on`: 30 days from now
    at least, and each is told. Who has chosen another plan already keeps that choice. Returns how many.

    Raises Forbidden; Invalid for a day that is too soon, or another operator's plan.
    """
    _demand(by, plan.operator)
    earliest = issuing.today_at(plan.operator) + NOTICE
    day = on or earliest
    if day < earliest:
        raise Invalid({"on": [_("Subscribers must be told 30 days before.")]})
    if version.plan.operator_id != plan.operator_id:
        raise Invalid({"version": [_("This plan is another operator’s.")]})
    having = Subscription.objects.live().filter(version__plan=plan, next_version=None).exclude(version=version)
    moved = list(having.exclude(status=Subscription.Status.CANCELLED).select_for_update().order_by("pk"))
    Subscription.objects.filter(pk__in=[row.pk for row in moved]).update(
        next_version=version, next_from=day, updated_at=timezone.now()
    )
    for row in moved:
        histories.note(row, "moved", by=by, version=version.pk, on=day.isoformat())
    return len(moved)


def offered(operator: Operator) -> list[PlanVersion]:
    """What can be chosen today, cheapest first."""
    return sorted(
        (version for plan in operator.plans.offered() if (version := current(plan))),
        key=lambda v: (v.monthly_fee, v.pk),
    )


def current(plan: Plan) -> PlanVersion | None:
    """The version that is sold today."""
    sold = plan.versions.filter(valid_from__lte=timezone.now()).select_related("plan__operator")
    return sold.order_by("-valid_from", "-number").first()


def _demand(by: Actor | None, operator: Operator) -> None:
    if by is not None:
        access.demand(by, "tariff.edit", operator)


def _check(terms: Terms, operator: Operator) -> None:
    wrong: dict[str, list[str]] = {}
    if not 0 <= terms.monthly_fee <= MOST_FEE:
        wrong["monthly_fee"] = [_("From 0 to %(most)s.") % {"most": MOST_FEE}]
    elif not money.is_payable(terms.monthly_fee, operator.currency):
        wrong["monthly_fee"] = [_("No fractions of a cent.")]
    if not 0 <= terms.vat_rate < 100:
        wrong["vat_rate"] = [_("A percentage, like 22.")]
    if not 0 <= terms.included_energy <= MOST_WH:
        wrong["included_energy"] = [_("From 0 to %(most)s kWh.") % {"most": int(MOST_WH / 1000)}]
    if not 0 <= terms.included_seconds <= MOST_SECONDS:
        wrong["included_seconds"] = [_("From 0 to %(most)s hours.") % {"most": MOST_SECONDS // 3600}]
    if any(location.operator_id != operator.pk for location in terms.locations):
        wrong["locations"] = [_("This site is another operator’s.")]
    if wrong:
        raise Invalid(wrong)


def _version(plan: Plan, terms: Terms, *, number: int, valid_from: datetime) -> PlanVersion:
    version = PlanVersion.objects.create(
        plan=plan,
        number=number,
        monthly_fee=terms.monthly_fee,
        currency=plan.operator.currency,
        tax_included=terms.tax_included,
        vat_rate=terms.vat_rate,
        included_energy=terms.included_energy,
        included_seconds=terms.included_seconds,
        valid_from=valid_from,
    )
    version.locations.set(terms.locations)
    return version


def _same(version: PlanVersion, terms: Terms) -> bool:
    mine = (
        version.monthly_fee,
        version.vat_rate,
        version.included_energy,
        version.included_seconds,
        version.tax_included,
    )
    asked = (terms.monthly_fee, terms.vat_rate, terms.included_energy, terms.included_seconds, terms.tax_included)
    places = set(version.locations.values_list("pk", flat=True))
    return mine == asked and places == {location.pk for location in terms.locations}
