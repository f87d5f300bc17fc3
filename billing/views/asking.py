"""/ops/tariffs/ask/: what price has this place for this person, and why that one?"""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts import access
from accounts.doors import MemberRequest, members_only
from billing import pricing
from billing.forms.assignments import AskForm
from billing.models import TariffAssignment
from billing.selectors import assignments as considering
from billing.selectors.assignments import Place, Verdict, Who
from billing.views import assignments, editing


@dataclass(frozen=True, slots=True)
class Step:
    """One assignment that fits, in words; the winner first, then who was asked too late."""

    row: TariffAssignment
    where: str
    who: str
    won: bool
    ended: bool


@members_only("tariff.view")
def ask(request: MemberRequest) -> HttpResponse:
    sees_drivers = access.can(request.user, "driver.view", request.operator)
    form = AskForm(request.GET or None, operator=request.operator, sees_drivers=sees_drivers)
    steps: list[Step] = []
    version = None
    if form.is_bound and form.is_valid():
        at = form.cleaned_data["at"] or timezone.now()
        place, person = _place(request.operator.pk, form), _who(form)
        steps = [_step(one) for one in considering.considered(place, person, at) if one.verdict != Verdict.REPLACED]
        version = considering.Book([request.operator.pk], until=at).version(place, at, person)
    context = {
        "form": form,
        "steps": steps,
        "won": next((step for step in steps if step.won), None),
        "version": version,
        "sentences": editing.sentences(version) if version else [],
    }
    return render(request, "operator/tariffs/ask.html", context)


def _step(one: considering.Considered) -> Step:
    row = one.assignment
    return Step(
        row, assignments.where(row), assignments.who(row), one.verdict == Verdict.WON, one.verdict == Verdict.ENDED
    )


def _place(operator_id: int, form: AskForm) -> Place:
    given = form.scope()
    if (evse := given["evse"]) is not None:
        power = given["power_type"] or evse.power_type
        return Place(operator_id, evse.station.location_id, evse.station_id, evse.pk, power)
    if (station := given["station"]) is not None:
        return Place(operator_id, station.location_id, station.pk, None, given["power_type"])
    location = given["location"]
    return Place(operator_id, location.pk if location else None, None, None, given["power_type"])


def _who(form: AskForm) -> Who:
    given = form.scope()
    if driver := form.cleaned_data.get("driver"):
        return pricing.whos_of(driver.user).get(driver.operator_id, Who(driver.pk))
    groups = frozenset({given["driver_group"].pk}) if given["driver_group"] else frozenset()
    plan = given["plan"].pk if given["plan"] else None
    return Who(None, groups, plan, given["partner"], given["ad_hoc"])
