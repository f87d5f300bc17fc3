"""One subscription with its fees and its history; what is owed, and every step that was taken about it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Driver, Operator
from billing.models import DunningCase, DunningStep, PlanVersion, Subscription, SubscriptionEvent, SubscriptionFee
from billing.payments import declines
from billing.services.debts import ladder
from billing.services.recurring import histories


def history(subscription: Subscription) -> list[SubscriptionFee]:
    asked = subscription.fees.select_related("invoice", "version__plan", "period", "payment", "dunning")
    return list(asked.order_by("-pk"))


@dataclass(frozen=True, slots=True)
class Told:
    """An entry of a history: `facts` with days and amounts as they are formatted."""

    event: SubscriptionEvent
    facts: dict[str, Any]
    plan: str


def events(subscription: Subscription) -> list[Told]:
    """Newest first."""
    found = list(subscription.events.select_related("by").order_by("-pk"))
    facts = [histories.read(event) for event in found]
    names = dict(
        PlanVersion.objects.filter(pk__in={told["version"] for told in facts if "version" in told}).values_list(
            "pk", "plan__name"
        )
    )
    return [Told(event, told, names.get(told.get("version", 0), "")) for event, told in zip(found, facts, strict=True)]


def debts(operator: Operator, *, driver: Driver | None = None) -> list[DunningCase]:
    """What is owed, the oldest first; `about` says of what."""
    open_ = DunningCase.objects.filter(operator=operator, closed_at=None, wallet=None)
    if driver is not None:
        open_ = open_.filter(driver=driver)
    found = list(open_.select_related("driver__user", "company", "fee__version__plan", "cdr", "invoice").order_by("pk"))
    for case in found:
        case.about = about(case)  # type: ignore[attr-defined]
    return found


@dataclass(frozen=True, slots=True)
class Step:
    """One of a debt; `why` is what the bank meant."""

    step: DunningStep
    why: str


def steps(case: DunningCase) -> list[Step]:
    """Newest first."""
    found = case.steps.select_related("payment", "by").order_by("-pk")
    codes = {"opened", "retry", "reminded", "by_hand"}
    return [Step(one, declines.meaning(one.text) if one.kind in codes and one.text else one.text) for one in found]


@dataclass(frozen=True, slots=True)
class Rung:
    """A day of the ladder; `state`: done, now (the next one) or later."""

    day: int
    at: datetime
    state: str


def rungs(case: DunningCase) -> list[Rung]:
    days = [int(day) for day in ladder.policy(case.operator).ladder.split(",")]
    words_ = ["done" if place < case.step else "now" if place == case.step else "later" for place in range(len(days))]
    if case.closed_at or case.status == DunningCase.Status.PAUSED:
        words_ = ["later" if word == "now" else word for word in words_]
    return [Rung(day, case.opened_at + timedelta(days=day), word) for day, word in zip(days, words_, strict=True)]


def about(case: DunningCase) -> str:
    """What is owed, in words."""
    if case.fee:
        return _("Plan %(plan)s") % {"plan": case.fee.version.plan.name}
    if case.invoice:
        return _("Invoice %(number)s") % {"number": case.invoice.number}
    if case.wallet_id:
        return _("Automatic top-up")
    return _("Charge of %(day)s") % {"day": date_format(case.cdr.started_at, "DATE_FORMAT")} if case.cdr else ""
