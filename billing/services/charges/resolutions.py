"""What a person may do about charges whose money is at risk: one decision for many, each in a transaction of its own."""

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import access
from accounts.models import Operator, User
from billing.models import CDR, Payment
from billing.selectors import assurance
from billing.selectors.assurance_checks import Asked, Check
from billing.services.charges import rating
from billing.services.debts import settling
from cms.core.errors import Conflict, DomainError, Invalid
from sessions_app.models import ChargingSession, Evidence
from sessions_app.services import decisions, orphans

logger = logging.getLogger(__name__)

Case = ChargingSession | Evidence  # the latter where the check is about stops that belong to no charge

MOST = 200  # at once, so that nobody waits for long


@dataclass(frozen=True, slots=True)
class Resolution:
    """`do` takes a case, the reason and who decides; `permission` is an action of accounts.access."""

    name: str
    word: Promise
    consequence: Promise
    permission: str
    reasoned: bool
    do: Callable[[Any, str, User], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`refused`: why, one sentence each, without repetitions."""

    done: int
    refused: tuple[str, ...]


def resolve(
    *, operator: Operator, check: Check, how: Resolution, ids: Collection[int] | None, reason: str, by: User
) -> Outcome:
    """Those of `ids` (None: all, up to MOST) that are still cases of the check. What is none any more is left alone. Raises
    Forbidden, Invalid reason."""
    access.demand(by, how.permission, operator)
    if how.name not in check.actions:
        raise Conflict(_("This cannot be done here."), code="no_such_resolution", check=check.name)
    if how.reasoned and not reason.strip():
        raise Invalid({"reason": [_("Say why: the reason is kept with the charge.")]})
    told = [_resolved(case, how, reason, by) for case in chosen(Asked(operator, timezone.now()), check, ids)]
    refused = [why for why in told if why]
    return Outcome(len(told) - len(refused), tuple(dict.fromkeys(refused)))


def chosen(asked: Asked, check: Check, ids: Collection[int] | None) -> list[Case]:
    """Rows of `assurance.cases`, or of `assurance.strays`."""
    every: QuerySet[Any] = assurance.cases(check, asked) if check.where else assurance.strays(asked)
    found = every.select_related("station__location")
    return list(found[:MOST] if ids is None else found.filter(pk__in=list(ids)[:MOST]))


def offered(check: Check, user: User, operator: Operator) -> list[Resolution]:
    found = (BY_NAME[name] for name in check.actions)
    return [how for how in found if access.can(user, how.permission, operator)]


def _resolved(case: Case, how: Resolution, reason: str, by: User) -> str:
    """Why not, "" where it was done. One that breaks must not keep the others from being decided."""
    try:
        how.do(case, reason, by)
    except DomainError as error:
        return error.text
    except Exception:
        logger.exception("resolution failed session=%s resolution=%s", case.pk, how.name)
        return _("Case %(number)s could not be worked out: our own fault, and noted.") % {"number": case.pk}
    return ""


def _rate(case: ChargingSession, reason: str, by: User) -> None:
    rating.rate(session_id=case.pk)


def _accept(case: ChargingSession, reason: str, by: User) -> None:
    decisions.accept(session=case, reason=reason, by=by)


def _discard(case: ChargingSession, reason: str, by: User) -> None:
    """The decision stands even if the credit must wait for the sweep."""
    decisions.discard(session=case, reason=reason, by=by)
    rating.rate(session_id=case.pk)


def _set_aside(case: Evidence, reason: str, by: User) -> None:
    orphans.set_aside(orphan=case, reason=reason, by=by)


def _collect(case: ChargingSession, reason: str, by: User) -> None:
    """Outside of any transaction: the provider's answer must be kept, whatever comes after."""
    owed: Iterable[int] = CDR.objects.standing().filter(session=case).values_list("pk", flat=True)
    for pk in owed:
        payment = settling.settle(cdr_id=pk, again=True)
        if payment is not None and payment.status == Payment.Status.FAILED:
            raise Conflict(
                _("The payment provider refuses: %(why)s") % {"why": payment.error or "–"}, code="payment_failed"
            )


RESOLUTIONS = (
    Resolution(
        "rate",
        gettext_lazy("Bill now"),
        gettext_lazy("They are priced with the tariff of their start, and collected like any other charge."),
        "invoice.issue",
        reasoned=False,
        do=_rate,
    ),
    Resolution(
        "accept",
        gettext_lazy("Accept as it is"),
        gettext_lazy("The drivers owe it: it is collected, and may be invoiced."),
        "session.correct",
        reasoned=True,
        do=_accept,
    ),
    Resolution(
        "discard",
        gettext_lazy("Discard"),
        gettext_lazy("They cost nothing and count in no report; what was billed is credited. Their evidence stays."),
        "session.correct",
        reasoned=True,
        do=_discard,
    ),
    Resolution(
        "set_aside",
        gettext_lazy("Set aside"),
        gettext_lazy("They belong to no charge and nobody owes for them. What the charger said stays."),
        "session.correct",
        reasoned=True,
        do=_set_aside,
    ),
    Resolution(
        "collect",
        gettext_lazy("Collect now"),
        gettext_lazy("The drivers are asked to pay now."),
        "invoice.issue",
        reasoned=False,
        do=_collect,
    ),
)
BY_NAME = {how.name: how for how in RESOLUTIONS}
