"""`?page=` from 1, `?page_size=` 50, at most 200 (api-contract §1)."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request


class Pages(PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        address = {"type": ["string", "null"], "format": "uri"}
        members = {"count": {"type": "integer"}, "next": address, "previous": address, "results": schema}
        return {"type": "object", "properties": members, "required": list(members)}

    def get_page_size(self, request: Request) -> int:
        asked = _positive(request, "page_size")
        return min(asked or self.page_size, self.max_page_size)

    def get_page_number(self, request: Request, paginator: object) -> int:
        return _positive(request, "page") or 1


def _positive(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text)):
        raise ValidationError({name: [_("A whole number from 1.")]})
    return int(text)
