"""The mails that the demo world has sent, for everybody who tries it out. Only where `settings.DEMO` is on."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

from csp.decorators import csp_replace
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin

from . import mailbox
from .mailbox import Mail

ONLY_TO_LOOK_AT: dict[str, Any] = {
    "default-src": ["'none'"],
    "script-src": ["'none'"],
    "img-src": ["'self'", "data:"],
    "style-src": ["'unsafe-inline'"],
    "sandbox": ["allow-popups"],
    "frame-ancestors": ["'self'"],
}
"""What a mail may do in a browser: be looked at, and lead elsewhere."""


def in_demo(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Nothing of it exists in a real system, even if somebody wires the addresses."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: str | int, **kwargs: str | int) -> HttpResponseBase:
        if not settings.DEMO:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@in_demo
def mails(request: HttpRequest) -> HttpResponse:
    return render(request, "demo/mails.html", {"mails": mailbox.newest()})


@in_demo
def mail(request: HttpRequest, key: str) -> HttpResponse:
    return render(request, "demo/mail.html", {"mail": _found(key)})


@in_demo
@xframe_options_sameorigin
@csp_replace(ONLY_TO_LOOK_AT)  # type: ignore[arg-type]  # its types know views of one argument only
def mail_html(request: HttpRequest, key: str) -> HttpResponseBase:
    return HttpResponse(_found(key).html)


@in_demo
def attachment(request: HttpRequest, key: str, number: int) -> HttpResponse:
    files = _found(key).files
    if number >= len(files):
        raise Http404
    file = files[number]
    disposition = f"attachment; filename*=UTF-8''{quote(file.name)}"
    return HttpResponse(file.content, content_type=file.media_type, headers={"Content-Disposition": disposition})


def _found(key: str) -> Mail:
    found = mailbox.find(key)
    if found is None:
        raise Http404
    return found
