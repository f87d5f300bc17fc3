"""Requests that move money carry a key: sent twice they are one."""

import re
from collections.abc import Mapping

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from cms.core.errors import Invalid

_KEY = re.compile(r"[\x21-\x7e]{1,60}")
HEADER = OpenApiParameter(
    "Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True,
    description="Up to 60 printable characters. The same key for the same thing is one request, however often it is sent.",
)  # fmt: skip


def of(headers: Mapping[str, str]) -> str:
    """Raises Invalid where there is none."""
    given = headers.get("Idempotency-Key", "")
    if not _KEY.fullmatch(given):
        raise Invalid({"Idempotency-Key": [_("A header of 1 to 60 printable characters is needed.")]})
    return given
