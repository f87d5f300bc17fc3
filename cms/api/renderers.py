"""JSON as the contract wants it: times in UTC with Z, decimals as strings, stored JSON text passed through untouched."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from django.utils.functional import Promise
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS


class ExactJSONRenderer(JSONRenderer):
    """`orjson.Fragment` values (see cms.core.rest.Verbatim) go out byte for byte as they were stored."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return b"" if data is None else orjson.dumps(data, default=_plain, option=_OPTIONS)


class JSONAnyway(DefaultContentNegotiation):
    """A browser that would like HTML gets JSON, not a 406."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        known = list(renderers)
        try:
            chosen: tuple[BaseRenderer, str] = super().select_renderer(request, known, format_suffix)
        except NotAcceptable:
            return known[0], known[0].media_type
        return chosen


def _plain(value: object) -> object:
    match value:
        case datetime():
            return rfc3339(value)
        case date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Decimal() | Promise() | UUID() | str():  # str: subclasses such as DRF's ErrorDetail and SafeString
            return str(value)
        case _:
            return list(value)  # type: ignore[call-overload]  # tuples of querysets, dict views, sets


def rfc3339(at: datetime) -> str:
    """UTC with Z; milliseconds unless the time is finer. Naive times are a bug and raise ValueError."""
    if at.tzinfo is None:
        raise ValueError(f"naive time {at!r} in an API answer")
    text = at.astimezone(UTC).isoformat(
        timespec="auto" if at.microsecond % 1000 or not at.microsecond else "milliseconds"
    )
    return text.removesuffix("+00:00") + "Z"
