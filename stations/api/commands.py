"""/commands/, and what /stations/{identity}/commands/ takes and shows (api-contract §3)."""

from typing import Any
from uuid import UUID

import django_filters
from django.http import Http404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import access
from cms.core import rest
from stations.models import Command
from stations.selectors import masking

ERROR = {
    "type": ["object", "null"],
    "properties": {"code": {"type": "string"}, "description": {"type": "string"}, "details": {}},
    "required": ["code", "description", "details"],
}


class CommandSerializer(serializers.ModelSerializer[Command]):
    """`payload` and `response` are verbatim for those who may send such commands themselves; others do not see passwords."""

    id = serializers.UUIDField(source="uid")
    station = serializers.CharField(source="station.identity")
    payload = serializers.SerializerMethodField()
    response = serializers.SerializerMethodField()
    error = extend_schema_field(ERROR)(rest.Verbatim)()

    class Meta:
        model = Command
        fields = [
            "id",
            "station",
            "ocpp_version",
            "action",
            "payload",
            "timeout",
            "status",
            "response",
            "error",
            "created_at",
            "sent_at",
            "completed_at",
        ]

    @extend_schema_field({"type": "object"})
    def get_payload(self, command: Command) -> Any:
        return self._said(command.payload)

    @extend_schema_field({"description": "The CALLRESULT's payload, verbatim; null while there is none."})
    def get_response(self, command: Command) -> Any:
        return self._said(command.response)

    def _said(self, text: str | None) -> Any:
        role = self.context["request"].user.role
        open_to_all = role in access.ALLOWED["station.raw_command"]
        return rest.verbatim(text if open_to_all or text is None else masking.masked(text))


class AskedSerializer(serializers.Serializer[Command]):
    action = serializers.CharField(max_length=64, trim_whitespace=False)
    payload = rest.Verbatim(required=False)
    timeout = serializers.IntegerField(min_value=1, max_value=300, default=30)


class CommandFilter(django_filters.FilterSet):
    station = django_filters.CharFilter(field_name="station__identity")
    action = django_filters.CharFilter()
    status = django_filters.ChoiceFilter(choices=Command.Status.choices)


class Commands(rest.Resource):
    """Everything that was asked of the stations, and what became of it."""

    queryset = Command.objects.select_related("station")
    serializer_class = CommandSerializer
    filterset_class = CommandFilter
    reads = "station.view"
    writes = "station.raw_command"
    lookup_field = "uid"
    lookup_url_kwarg = "id"

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, id: str) -> Response:
        try:
            self.kwargs["id"] = UUID(id)
        except ValueError as malformed:
            raise Http404 from malformed
        return Response(self.get_serializer(self.get_object()).data)
