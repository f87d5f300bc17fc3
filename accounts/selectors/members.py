"""Who works for whom, and for whom right now."""

from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import Membership, Operator

SESSION_KEY = "operator"


def current_membership(request: HttpRequest) -> Membership | None:
    """The membership chosen in this session, else the person's first, else None. One query for a signed-in person."""
    user = request.user
    if not user.is_authenticated:
        return None
    memberships = list(Membership.objects.filter(user=user).select_related("operator").order_by("pk"))
    user.know_roles({one.operator_id: one.role for one in memberships})
    chosen = request.session.get(SESSION_KEY)
    return next((one for one in memberships if one.operator_id == chosen), memberships[0] if memberships else None)


def of(operator: Operator) -> QuerySet[Membership]:
    """All who work for this operator, the owners first."""
    return Membership.objects.filter(operator=operator).select_related("user").order_by("role", "user__email")
