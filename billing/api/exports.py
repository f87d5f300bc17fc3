"""/exports/: files as jobs. Start one, ask how far it is, take it."""

import json
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import FileResponse, Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import access
from billing.exports import kinds, presets
from billing.models import Export
from billing.selectors import exports as selectors
from billing.services.month_end import exports
from cms.core import rest


class ExportSerializer(serializers.ModelSerializer[Export]):
    """`done` of `total` steps; `total` is null while nobody has counted. `sha256`, `size` (bytes) and `rows` are of the file, which
    is kept until `expires_at`."""

    params = serializers.SerializerMethodField()

    class Meta:
        model = Export
        fields = [
            "id",
            "kind",
            "params",
            "preset",
            "language",
            "state",
            "done",
            "total",
            "rows",
            "name",
            "sha256",
            "size",
            "error",
            "created_at",
            "started_at",
            "finished_at",
            "expires_at",
        ]

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_params(self, export: Export) -> dict[str, str]:
        params: dict[str, str] = json.loads(export.params)
        return params


class NewExport(serializers.Serializer[Export]):
    """`params` are the filters of the list, e.g. {"month": "2026-10"}; `preset` one of xlsx, csv_it, csv_en, machine."""

    kind = serializers.CharField(max_length=40)
    params = serializers.DictField(child=serializers.CharField(max_length=200, allow_blank=True), default=dict)
    preset = serializers.CharField(max_length=10, default=presets.XLSX.name)


class ExportFilter(django_filters.FilterSet):
    kind = django_filters.CharFilter()
    state = django_filters.ChoiceFilter(choices=Export.State.choices)


class Exports(rest.Resource):
    """Files, newest first. Each is a job: POST starts it, its `file/` is there when `state` is done."""

    queryset = Export.objects.select_related("operator")
    serializer_class = ExportSerializer
    filterset_class = ExportFilter
    reads = "invoice.view"
    writes = "invoice.view"

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows
        operator = self.actor.operator
        return rows.filter(pk__in=selectors.history(self.actor, operator).values("pk"))

    def get_object(self) -> Export:
        if not self.kwargs["pk"].isascii() or not self.kwargs["pk"].isdecimal() or len(self.kwargs["pk"]) > 18:
            raise Http404
        export: Export = super().get_object()
        return export

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=NewExport, responses={201: ExportSerializer})
    def create(self, request: Request) -> Response:
        asked = NewExport(data=request.data)
        asked.is_valid(raise_exception=True)
        facts = asked.validated_data
        operator = self.actor.operator
        access.demand(self.actor, kinds.of(facts["kind"]).permission, operator)
        export = exports.start(
            operator=operator,
            kind=facts["kind"],
            params=facts["params"],
            preset=facts["preset"],
            by=None,
            language=operator.language,
        )
        return self.created(export)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True)
    def file(self, request: Request, pk: str) -> FileResponse:
        """The file itself; 404 before it is written and after it has expired, 409 where it is not what was written."""
        export = self.get_object()
        content = exports.opened(export=export)
        kind = selectors.kind_of(export)
        media_type = presets.of(kind, export.preset).media_type if kind else "application/octet-stream"
        return FileResponse(content, as_attachment=True, filename=export.name, content_type=media_type)
