"""The one place where errors become HTTP answers of the API (api-contract §1).

Wrong input: 400 `{"field": ["message", …], "non_field_errors": […]}`; anything else: `{"detail": sentence, "code": word}`.
"""

import logging
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from cms.core.errors import DomainError, Invalid, Unavailable

logger = logging.getLogger(__name__)


def answer(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's EXCEPTION_HANDLER. Our own failures are logged and answered 500 or 503 in JSON as well."""
    set_rollback()
    if isinstance(error, Invalid):
        return Response(error.fields, status=error.http_status)
    if isinstance(error, DomainError):
        return _said(error.http_status, error.text, error.code)
    if isinstance(error, ModelValidationError):
        return Response(_fields(exceptions.ValidationError(_django_detail(error)).detail), status=400)
    if isinstance(error, exceptions.ValidationError):
        return Response(_fields(error.detail), status=400)
    if isinstance(error, exceptions.ParseError):
        return Response(_fields([str(error.detail)]), status=400)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        return _said(error.status_code, str(error.detail), str(error.get_codes()), _headers(error))
    if isinstance(error, RequestDataTooBig):
        return Response(_fields([_("The request is too large.")]), status=400)
    if isinstance(error, SuspiciousOperation):
        return Response(_fields([str(error)]), status=400)
    return _ours(error, context)


def unknown_path(request: HttpRequest) -> JsonResponse:
    """Whatever under /api/ has no view: JSON, never a page."""
    sentence = _("There is nothing at this address. Every path ends in “/”.")
    return JsonResponse({"detail": sentence, "code": "not_found"}, status=404)


def _said(status: int, sentence: str, code: str, headers: dict[str, str] | None = None) -> Response:
    return Response({"detail": sentence, "code": code}, status=status, headers=headers)


def _fields(detail: Any) -> dict[str, list[str]]:
    if not isinstance(detail, dict):
        detail = {api_settings.NON_FIELD_ERRORS_KEY: detail}
    return {name: list(_sentences(wrong)) for name, wrong in detail.items()}


def _sentences(wrong: Any, place: str = "") -> Iterator[str]:
    """Messages as they are; what is wrong further inside with its place: "0.energy_kwh: …"."""
    entries = wrong.items() if isinstance(wrong, dict) else enumerate(wrong)
    for name, entry in entries:
        if isinstance(entry, str):
            yield f"{place}: {entry}" if place else entry
        else:
            yield from _sentences(entry, f"{place}.{name}" if place else str(name))


def _django_detail(error: ModelValidationError) -> Any:
    if not hasattr(error, "error_dict"):
        return error.messages
    return {api_settings.NON_FIELD_ERRORS_KEY if k == "__all__" else k: v for k, v in error.message_dict.items()}


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers


def _ours(error: Exception, context: dict[str, Any]) -> Response:
    path = context["request"].path if context.get("request") else ""
    logger.error("api failure path=%s", path, exc_info=error)
    if isinstance(error, OperationalError | InterfaceError):
        return _said(503, _("The database does not answer. Try again in a moment."), Unavailable.code)
    return _said(500, _("Something went wrong on our side."), "server_error")
