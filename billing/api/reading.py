"""What lists of rows share that are only read, or changed by actions of their own."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from cms.core import rest


class Readable(rest.Resource):
    """Newest first, and one by its primary key."""

    lookup_value_regex = "[0-9]{1,18}"

    def list(self, request: Request) -> Response:
        page: Any = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.shown(page, many=True))

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(self.shown(self.get_object(), many=False))

    def shown(self, rows: Any, *, many: bool) -> Any:
        return self.get_serializer(rows, many=many).data
