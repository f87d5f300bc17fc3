"""Mails about plans and debts: one for each thing that happened and is worth a mail, whoever finds it first."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import Operator, SentMail, User
from accounts.notifications import once, send
from billing import pricing
from billing.models import DunningCase, DunningStep, PlanVersion, SubscriptionEvent, SubscriptionFee
from billing.payments import declines
from billing.services.debts import dunning, ladder
from billing.services.recurring import histories, plans

NEWS = timedelta(days=2)  # what is older is no news: a history that was imported, a server that was away

OF_EVENTS = (
    "started", "renewed", "enlarged", "moved", "cancelled", "pause_planned", "pause_ends", "resumed", "ended", "withdrawn",
    "warned_80", "warned_100",
)  # fmt: skip
OF_STEPS = ("opened", "retry", "reminded", "stopped", "exhausted", "recovered")


def events(limit: int = 200) -> list[int]:
    """Things that happened to subscriptions and nobody was told of."""
    fresh = Q(at__gte=timezone.now() - NEWS) | Q(kind="moved", at__gte=timezone.now() - plans.NOTICE)
    return _untold(SubscriptionEvent.objects.filter(fresh, kind__in=OF_EVENTS), "subscription-event:", limit)


def steps(limit: int = 200) -> list[int]:
    """Steps of dunning that nobody was told of. (Who tops up a wallet sees that it worked.)"""
    fresh = DunningStep.objects.filter(kind__in=OF_STEPS, at__gte=timezone.now() - NEWS)
    return _untold(fresh.exclude(kind="recovered", case__wallet__isnull=False), "dunning-step:", limit)


def tell_event(*, event_id: int) -> bool:
    """A renewal is told once it is paid. Raises Unavailable where the mail server does not take it."""
    rows = SubscriptionEvent.objects.select_related("subscription__driver__user", "subscription__operator")
    event = rows.get(pk=event_id)
    subscription = event.subscription
    told = histories.read(event)
    if told.get("fee") and not SubscriptionFee.objects.filter(pk=told["fee"], paid_at__isnull=False).exists():
        return False  # what could not be collected has a mail of its own
    version = PlanVersion.objects.select_related("plan").get(pk=told.get("version") or subscription.version_id)
    facts = {"subscription": subscription, "plan": version.plan, "version": version, "told": told, "event": event}
    return _send(
        key=f"subscription-event:{event.pk}",
        people=[subscription.driver.user],
        name=f"emails/plan_{event.kind}",
        operator=subscription.operator,
        facts=facts,
        path="portal:plan",
    )


def tell_step(*, step_id: int) -> bool:
    """Raises Unavailable where the mail server does not take it."""
    step = DunningStep.objects.get(pk=step_id)
    case = dunning.read(step.case_id)
    if step.kind != "recovered" and case.closed_at:
        return False
    name, path = _letter(case, step.kind)
    return _send(
        key=f"dunning-step:{step.pk}",
        people=_debtors(case),
        name=f"emails/{name}",
        operator=case.operator,
        facts={
            "case": case,
            "reason": step.text if step.kind != "recovered" else "",
            "stops": case.stopped_at is None and ladder.policy(case.operator).stop_companies,
        },
        path=path,
    )


def _letter(case: DunningCase, kind: str) -> tuple[str, str]:
    """The mail, and the page that it leads to. A reminder is what is said after a refusal; nobody has refused an invoice that is
    paid by bank transfer, and nobody owes a top-up."""
    if case.wallet_id:
        return "top_up_refused", "portal:wallet"
    if case.invoice_id:
        return (f"dunning_{kind}" if kind in ("stopped", "recovered") else "invoice_overdue"), "portal:company"
    said = "retry" if kind == "reminded" else kind
    return f"dunning_{said}", "portal:plan" if case.fee_id else "portal:payment"


def _untold(rows: QuerySet, prefix: str, limit: int) -> list[int]:
    key = Concat(Value(prefix), Cast(OuterRef("pk"), TextField()))
    sent = SentMail.objects.filter(key__startswith=prefix, key=key, sent_at__isnull=False)
    return list(rows.filter(~Exists(sent)).order_by("pk").values_list("pk", flat=True)[:limit])


def _send(*, key: str, people: Iterable[User], name: str, operator: Operator, facts: dict[str, Any], path: str) -> bool:
    """To each of them; the first one's mail carries the key."""
    sent = False
    for place, person in enumerate(people):
        deliver = partial(_deliver, person, person.language or operator.language, name, operator, facts, path)
        sent |= once.send(key=f"{key}:{person.pk}" if place else key, to=person.email, deliver=deliver)
    return sent


def _deliver(person: User, language: str, name: str, operator: Operator, facts: dict[str, Any], path: str) -> None:
    with translation.override(language), timezone.override(pricing.zone(operator.time_zone)):
        url = settings.PUBLIC_URL + reverse(path)
        reason = facts.get("reason")
        words = {"why": declines.sentence(reason), "again": declines.of(reason).again} if reason else {}
        send.to_user(
            user=person, name=name, facts={**facts, **words, "operator": operator, "url": url}, language=language
        )


def _debtors(case: Any) -> list[User]:
    """The driver; of a company, its administrators."""
    if case.company_id is None:
        return [case.driver.user] if case.driver else []
    members = case.company.members.filter(administrator=True, left_at=None).select_related("driver__user")
    return [member.driver.user for member in members.order_by("pk")]
