"""What comes with an address: some may only be posted to, some are the key to what they show."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

P = ParamSpec("P")
Asked = TypeVar("Asked", bound=HttpRequest)
View = Callable[Concatenate[Asked, P], HttpResponse]


def posted(page: str, *given: str) -> Callable[[View[Asked, P]], View[Asked, P]]:
    """For a form's address that shows the form again where something is wrong. Who comes back to it without posting (the other
    language, a reload, a bookmark) is led to the page that the form is on: `given` of the view's own arguments name it."""

    def only(view: View[Asked, P]) -> View[Asked, P]:
        @wraps(view)
        def answered(request: Asked, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.method == "POST":
                return view(request, *args, **kwargs)
            return redirect(page, *(kwargs[name] for name in given))

        return answered

    return only


def secret(view: View[Asked, P]) -> View[Asked, P]:
    """The address is the key: no search engine and no cache may have it. That no other site hears of it is SecurityMiddleware's
    doing; without any referrer browsers post forms with `Origin: null`, which the guard against forged requests refuses."""

    @wraps(view)
    def answered(request: Asked, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        answer = view(request, *args, **kwargs)
        answer["X-Robots-Tag"] = "noindex"
        answer["Cache-Control"] = "private, no-store"
        return answer

    return answered
