"""For which operator a member acts: `request.operator`, `request.membership`."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from accounts.selectors import members


class OperatorMiddleware:
    """Both are None for strangers, drivers, and API keys (a key says itself whose it is).

    The member's choice (`/ops/switch/`) is kept in the session; the first membership is the default. One query for a
    signed-in person, none for anybody else.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.membership = members.current_membership(request)  # type: ignore[attr-defined]
        request.operator = request.membership.operator if request.membership else None  # type: ignore[attr-defined]
        return self.get_response(request)
