"""What a company's people are told: an invitation by its link, and administrators that a budget is nearly or wholly used up. Each
mail goes out once; the sweep of `billing.tasks` finds what is due."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, TextField, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import Company, CompanyInvitation, CompanyMember, SentMail, User
from accounts.notifications import email, once, send
from billing.models import CompanyEvent
from billing.services.debts import credit_check
from billing.services.fleets import memberships

NEWS = timedelta(days=2)
LEVELS = (80, 100)  # percent of a budget
EVERYBODY = gettext_lazy("all drivers together")


def missing() -> list[int]:
    """Open invitations; each is mailed once."""
    since = timezone.now() - memberships.INVITATION
    open_ = CompanyInvitation.objects.filter(accepted_at=None, withdrawn_at=None, created_at__gte=since)
    return list(open_.order_by("pk").values_list("pk", flat=True))


def link(invitation: CompanyInvitation) -> str:
    return settings.PUBLIC_URL.rstrip("/") + reverse("portal:join-company", args=[memberships.token_of(invitation)])


def invite(*, invitation_id: int) -> bool:
    """Raises Unavailable."""
    invitation = (
        CompanyInvitation.objects.select_related("company__operator", "invited_by")
        .filter(pk=invitation_id, accepted_at=None, withdrawn_at=None)
        .first()
    )
    if invitation is None:
        return False
    company = invitation.company
    facts = {
        "company": company,
        "operator": company.operator,
        "by": invitation.invited_by,
        "link": link(invitation),
    }
    language = company.operator.language
    return once.send(
        key=f"company-invitation:{invitation.pk}",
        to=invitation.email,
        deliver=lambda: email.send(
            to=invitation.email, name="emails/company_invitation", facts=facts, language=language
        ),
    )


def gone(limit: int = 200) -> list[int]:
    """Memberships that ended in the last days and whose drivers were not told: events, by primary key. Who left knows it."""
    prefix = "company-left:"
    key = Concat(Value(prefix), Cast(OuterRef("pk"), TextField()))
    told = SentMail.objects.filter(key__startswith=prefix, key=key, sent_at__isnull=False)
    left = CompanyEvent.objects.filter(kind="left", at__gte=timezone.now() - NEWS, driver__isnull=False)
    others = left.filter(Q(by=None) | ~Q(by=F("driver__user")))
    return list(others.filter(~Exists(told)).order_by("pk").values_list("pk", flat=True)[:limit])


def tell_gone(*, event_id: int) -> bool:
    """Raises Unavailable."""
    event = CompanyEvent.objects.select_related("company__operator", "driver__user").get(pk=event_id)
    if event.driver is None:
        return False
    user, operator = event.driver.user, event.company.operator
    facts = {"company": event.company, "operator": operator, "link": _url("portal:payment")}
    language = user.language or operator.language
    return once.send(
        key=f"company-left:{event.pk}",
        to=user.email,
        deliver=lambda: send.to_user(user=user, name="emails/company_left", facts=facts, language=language),
    )


def warn(*, company_id: int) -> int:
    """Tells the administrators which budgets of this month have passed a level, and members whose own has. Returns how many mails went
    out. Raises Unavailable."""
    company = Company.objects.select_related("operator").get(pk=company_id)
    since = credit_check.month_start(company.operator.time_zone)
    sums = credit_check.spent([company.pk], since=since)
    members = list(CompanyMember.objects.filter(company=company, left_at=None).select_related("driver__user"))
    administrators = [member.driver.user for member in members if member.administrator]
    budgets: list[tuple[str, Any, Decimal, Decimal | None]] = [
        ("company", EVERYBODY, sum(sums.values(), Decimal(0)), company.budget)
    ]
    for member in members:
        spent = sums.get((company.pk, member.driver_id), Decimal(0))
        budgets.append((f"member-{member.pk}", member.driver, spent, member.monthly_cap))
    told = 0
    for name, whose, spent, cap in budgets:
        level = _level(spent, cap)
        if level is None:
            continue
        facts = {"company": company, "whose": whose, "spent": spent, "cap": cap, "level": level}
        concerned = [] if whose is EVERYBODY or whose.user in administrators else [whose.user]
        for user in [*administrators, *concerned]:
            key = f"budget:{company.pk}:{since:%Y-%m}:{name}:{cap:f}:{level}:{user.pk}"
            told += once.send(key=key, to=user.email, deliver=_letter(user, company, facts))
    return told


def to_warn() -> list[int]:
    """Companies with a budget, their own or a member's: primary keys."""
    capped = Q(monthly_cap__isnull=False) | Q(credit_limit__isnull=False)
    own = Company.objects.filter(capped, archived_at=None).values_list("pk", flat=True)
    members = CompanyMember.objects.filter(left_at=None, monthly_cap__isnull=False).values_list("company", flat=True)
    return sorted({*own, *members})


def _letter(user: User, company: Company, facts: dict[str, Any]) -> Callable[[], None]:
    whole = {
        **facts,
        "currency": company.operator.currency,
        "operator": company.operator,
        "link": _url("portal:company"),
    }
    return lambda: send.to_user(
        user=user, name="emails/budget", facts=whole, language=user.language or company.operator.language
    )


def _url(name: str) -> str:
    return settings.PUBLIC_URL.rstrip("/") + reverse(name)


def _level(spent: Decimal, cap: Decimal | None) -> int | None:
    """The highest level that is reached."""
    if cap is None:
        return None
    reached = [level for level in LEVELS if spent * 100 >= cap * level]
    return max(reached, default=None)
