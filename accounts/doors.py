"""Who may open an operator's page."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import Membership, Operator, User
from cms.core.errors import Forbidden

Rest = ParamSpec("Rest")


class PersonRequest(HttpRequest):
    """What a view behind `login_required` gets."""

    user: User


class MemberRequest(PersonRequest):
    """What a view behind `members_only` gets."""

    operator: Operator
    membership: Membership


def members_only(
    action: str,
) -> Callable[
    [Callable[Concatenate[MemberRequest, Rest], HttpResponseBase]],
    Callable[Concatenate[HttpRequest, Rest], HttpResponseBase],
]:
    """Strangers sign in first; then `action` is demanded at the operator the member acts for (Forbidden otherwise)."""

    def door(view: Callable[Concatenate[MemberRequest, Rest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @login_required
        @wraps(view)
        def entered(request: MemberRequest, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponseBase:
            if request.operator is None:
                raise Forbidden(_("This page is for people who work for an operator."), code="no_operator")
            access.demand(request.user, action, request.operator)
            return view(request, *args, **kwargs)

        return entered

    return door
