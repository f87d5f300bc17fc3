"""Which language a page speaks: `?lang=it`, else the cookie, else the person's profile, else what the browser asks for.

LocaleMiddleware knows the cookie and the browser; this adds the other two. A choice is remembered where it can be.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

YEAR_S = 365 * 24 * 3600


def choice(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        asked = _offered(request.GET.get("lang", ""))
        language = asked or _from_profile(request)
        if language:
            translation.activate(language)
            request.LANGUAGE_CODE = language
        response = get_response(request)
        if asked:
            remember(response, asked)
        _note(request, response)
        return response

    return middleware


def remember(response: HttpResponse, language: str) -> None:
    name, secure = settings.LANGUAGE_COOKIE_NAME, settings.SESSION_COOKIE_SECURE
    response.set_cookie(name, language, max_age=YEAR_S, secure=secure, samesite="Lax")


def _offered(code: str) -> str:
    return code if code in dict(settings.LANGUAGES) else ""


def _from_profile(request: HttpRequest) -> str:
    if _offered(request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")) or not request.user.is_authenticated:
        return ""
    return _offered(request.user.language)


def _note(request: HttpRequest, response: HttpResponse) -> None:
    """A language that was chosen just now (here or at set_language) goes into the profile: mails follow it."""
    chosen = response.cookies.get(settings.LANGUAGE_COOKIE_NAME)
    if chosen is None or not request.user.is_authenticated or request.user.language == chosen.value:
        return
    request.user.language = chosen.value
    request.user.save(update_fields=["language"])
