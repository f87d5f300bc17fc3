"""/cdrs/ (api-contract §9): OCPI CDR fields plus `trace`, why each line costs what it costs. Immutable."""

from typing import Any

import django_filters
import orjson
from django.db.models import Exists, OuterRef
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api import ocpi
from billing.api.numbers import amount
from billing.models import CDR
from billing.selectors import takings
from cms.core import rest
from sessions_app.models import StartRequest


class CdrSerializer(serializers.Serializer[CDR]):
    """Beside the OCPI members: `session` and `station` of this API, `id_tag`, the driver's VAT split, which document
    the charge has by Italian law, and the trace."""

    def to_representation(self, row: CDR) -> dict[str, Any]:
        return {
            **ocpi.cdr(row),
            "session": row.session_id,
            "station": row.session.station.identity,
            "id_tag": row.session.id_tag,
            "revision": row.revision,
            "tax_included": row.tax_included,
            "total_vat": amount(row.total_vat),
            "exact_total": {"excl_vat": row.exact_excl_vat, "incl_vat": row.exact_incl_vat},
            "estimated": row.estimated,
            "fiscal_document": row.fiscal_document,  # type: ignore[attr-defined]
            "flags": [flag for flag in row.flags.split(",") if flag],
            "trace": orjson.Fragment(row.trace),
        }


_DOCUMENTS = tuple(document.value for document in takings.FiscalDocument)
_TEXTS = ("country_code", "party_id", "id", "session_id", "auth_method", "currency", "station", "id_tag", "total_vat")
_TIMES = ("start_date_time", "end_date_time", "last_updated")
_NUMBERS = ("total_energy", "total_time", "total_parking_time")
_OBJECTS = ("cdr_token", "cdr_location", "total_cost", "exact_total", "trace")
_COSTS = ("fixed", "energy", "time", "parking", "reservation")  # null where the tariff has no such component
DESCRIBED = inline_serializer(
    "Cdr",
    {
        **{name: serializers.CharField() for name in _TEXTS},
        **{name: serializers.CharField(allow_null=True) for name in ("credit_reference_id", "meter_id")},
        **{name: serializers.DateTimeField() for name in _TIMES},
        **{name: serializers.FloatField() for name in _NUMBERS},
        **{name: serializers.DictField() for name in _OBJECTS},
        **{f"total_{name}_cost": serializers.DictField(allow_null=True) for name in _COSTS},
        **{name: serializers.ListField(child=serializers.DictField()) for name in ("tariffs", "charging_periods")},
        "fiscal_document": serializers.ChoiceField(choices=_DOCUMENTS),
        "flags": serializers.ListField(child=serializers.CharField()),
        **{name: serializers.BooleanField() for name in ("credit", "estimated", "tax_included")},
        **{name: serializers.IntegerField() for name in ("session", "revision")},
    },
)


class CdrFilter(django_filters.FilterSet):
    station = django_filters.CharFilter(field_name="session__station__identity")
    session = rest.Whole(field_name="session_id", min_value=0, max_value=2**63 - 1)
    id_tag = django_filters.CharFilter(field_name="session__id_tag", lookup_expr="iexact")
    started_after = rest.Moment(field_name="started_at", lookup_expr="gte")
    started_before = rest.Moment(field_name="started_at", lookup_expr="lt")


class Cdrs(rest.Resource):
    """Charge detail records, newest first. A correction is a credit CDR (`credit`, negative) that refers to the first."""

    queryset = takings.with_document(
        CDR.objects.select_related("operator", "tariff_version", "session__station", "credits").annotate(
            commanded=Exists(StartRequest.objects.filter(session=OuterRef("session")))
        )
    )
    serializer_class = CdrSerializer
    filterset_class = CdrFilter
    reads = "invoice.view"
    lookup_field = "uid"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9a-fA-F-]{36}"

    @extend_schema(operation_id="cdrs_list", responses={200: DESCRIBED})
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(responses={200: DESCRIBED})
    def retrieve(self, request: Request, id: str) -> Response:
        return Response(self.get_serializer(self.get_object()).data)
