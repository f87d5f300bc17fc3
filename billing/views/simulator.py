"""What would a driver pay? A charge that nobody made, priced as a real one is."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from django.utils.translation import get_language

from accounts.models import DriverGroup, Operator
from billing import pricing
from billing.documents import lines
from billing.forms import charges
from billing.forms.charges import ChargeForm
from billing.models import Plan, PlanVersion, TariffVersion
from billing.selectors import calendars
from billing.tariffs import afir
from billing.tariffs.terms import Terms
from billing.tariffs.trace import Trace
from billing.views import prices
from stations.models import Location


@dataclass(frozen=True, slots=True)
class Priced:
    """`lines`: (text, quantity, price, amount). `law`: why somebody without an account may not have this price at this plug."""

    trace: Trace
    lines: list[tuple[str, str, str, Any]]
    since: datetime
    until: datetime
    power_w: int
    law: list[str]
    group: bool


def form(operator: Operator, data: Any = None) -> ChargeForm:
    bound = data if data and "sim-kwh" in data else None
    return ChargeForm(bound, people=_people(operator))


def priced(operator: Operator, version: TariffVersion | None, form: ChargeForm) -> Priced | None:
    """None while the charge, or the tariff, makes no sense."""
    if version is None or (form.is_bound and not form.is_valid()):
        return None
    given = form.given
    told = charges.periods(given)
    language = get_language() or "it"
    _breakdown, trace = pricing.explained(
        version,
        told,
        pricing.zone(operator.time_zone),
        holidays=_holidays(operator, version),
        granted=_granted(operator, given["who"]),
    )
    shown = [
        (line.text, lines.quantity_text(line, language), lines.price_text(line, trace.currency, language), line.amount)
        for line in lines.shown(trace, pricing.parsed(version), language)
    ]
    fast = charges.power_w(given) >= afir.FAST_W and given["who"] == "ad_hoc"
    law = prices.objections(version) if fast else []
    return Priced(
        trace, shown, told[0].start, told[-1].end, int(told[0].power_w or 0), law, given["who"].startswith("group-")
    )


def _holidays(operator: Operator, version: TariffVersion) -> Container[date]:
    """Those of the operator's first site: the simulator stands nowhere."""
    if not pricing.parsed(version).knows_holidays:
        return frozenset()
    return calendars.of(Location.objects.filter(operator=operator).order_by("pk").first())


def _people(operator: Operator) -> list[tuple[str, Any]]:
    groups = DriverGroup.objects.filter(operator=operator).order_by("name").values_list("pk", "name")
    plans = Plan.objects.filter(operator=operator, archived_at=None).order_by("name").values_list("pk", "name")
    return [*((f"group-{pk}", name) for pk, name in groups), *((f"plan-{pk}", name) for pk, name in plans)]


def _granted(operator: Operator, who: str) -> list[Terms]:
    """A plan as it is at the beginning of a month: all that it includes is left."""
    kind, _dash, pk = who.partition("-")
    if kind != "plan" or not pk.isdecimal():
        return []
    sold = PlanVersion.objects.filter(plan=int(pk), plan__operator=operator).select_related("plan")
    version = sold.order_by("-number").first()
    if version is None:
        return []
    return [Terms(Fraction(version.included_energy), version.included_seconds, label=str(version.plan), source="plan")]
