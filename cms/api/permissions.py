"""A key's role decides what its requests may do; the table is `accounts.access`."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts import access
from accounts.models import ApiKey


class RoleAllows(BasePermission):
    """Asks the table for the view's `rights[action]`, else its `reads` or `writes` by method.

    A method the view does not have passes, so that it is answered 405.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.user, ApiKey):
            return False
        operation = getattr(view, "action", request.method)
        if operation is None:
            return True
        if operation in getattr(view, "rights", {}):
            right = view.rights[operation]
        else:
            right = view.reads if request.method in SAFE_METHODS else view.writes
        return request.user.role in access.ALLOWED[right]
