"""What a person sees when a service says no and the view did not expect it: never a bare 500."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import defaults

from cms.core.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable


class DomainErrorPages:
    """NotFound → 404 page, Forbidden → 403 page; the others are said on the page the form was on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        match error:
            case NotFound():
                return defaults.page_not_found(request, Http404(error.text))
            case Forbidden():
                return defaults.permission_denied(request, PermissionDenied(error.text))
            case Conflict() | Invalid() | Unavailable():
                messages.error(request, error.text)
                return HttpResponseRedirect(_back(request))
            case _:
                return None


def _back(request: HttpRequest) -> str:
    """The page of this site that the form was on, unless that is the one that has just failed."""
    came_from = request.headers.get("referer", "")
    ours = url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure())
    if not ours or (request.method == "GET" and urlsplit(came_from).path == request.path):
        return "/"
    return came_from
