"""Which files somebody may have, and which there are."""

import json

from django.db.models import Q, QuerySet

from accounts import access
from accounts.models import ApiKey, Operator, User
from billing.exports import kinds
from billing.exports.kinds import Kind
from billing.models import Export


def offered(actor: User | ApiKey, operator: Operator) -> list[Kind]:
    """Those that are asked for by a month, in the order of the table; the others start from their lists."""
    return [kind for kind in kinds.KINDS.values() if kind.listed and access.can(actor, kind.permission, operator)]


def history(actor: User | ApiKey, operator: Operator, *, by: User | None = None) -> QuerySet[Export]:
    """Newest first; what the role may have. `by`: only that person's."""
    allowed = [kind for kind in kinds.KINDS.values() if access.can(actor, kind.permission, operator)]
    theirs = Q(kind__in=[kind.name for kind in allowed])
    if not access.can(actor, "driver.view", operator):
        impersonal = ~Q(kind__in=[kind.name for kind in allowed if kind.personal])
        theirs &= impersonal | Q(by=actor) if isinstance(actor, User) else impersonal
    found = Export.objects.visible_to(actor).filter(theirs, operator=operator)
    if by is not None:
        found = found.filter(by=by)
    return found.select_related("by", "operator").order_by("-pk")


def news(user: User, operator: Operator) -> int:
    """How many of the own ones have ended since one looked. One query."""
    return Export.objects.filter(operator=operator, by=user, finished_at__isnull=False, seen_at=None).count()


def kind_of(export: Export) -> Kind | None:
    """None for a file of a kind that a later version does not know any more."""
    return kinds.KINDS.get(export.kind)


def said(export: Export) -> str:
    kind = kind_of(export)
    return kind.says(json.loads(export.params)) if kind and kind.says else ""
