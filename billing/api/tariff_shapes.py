"""What goes in and out of /tariffs/."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from billing.api.numbers import VAT_ROW, Amount, Known
from cms.core import rest

MOST_PERIODS = 1000
_MOST_SECONDS = 366 * 86_400


@extend_schema_field(OpenApiTypes.STR)
class LimitField(Amount):
    """A minimum or maximum price in the tariff's own terms: a number, or an OCPI Price of which the matching member counts."""

    default_error_messages = {"member": "incl_vat (or excl_vat, where prices exclude VAT) is expected."}

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, Mapping):
            body = self.parent.initial_data
            gross = body.get("tax_included", True) if isinstance(body, Mapping) else True
            data = data.get("incl_vat" if gross else "excl_vat")
            if data is None:
                self.fail("member")
        return super().to_internal_value(data)


@extend_schema_field({"type": "array", "items": {"type": "object"}})
class ElementsField(serializers.Field[Any, Any, Any, Any]):
    """Out byte for byte as stored; in with exact numbers, to be judged by the service."""

    def to_representation(self, value: str) -> Any:
        return rest.verbatim(value)

    def to_internal_value(self, data: Any) -> Any:
        return data


class TariffSerializer(Known):
    """`elements` are OCPI 2.2.1 tariff elements with `vat` on each price component; beyond OCPI a restriction may have
    `min_parking_duration` and `max_parking_duration` (s since the vehicle stopped asking for power) and `holidays` ("only" or
    "except" on the site's public holidays), a component `max_amount`. A version begins at `valid_from`, left out at once."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=100)
    version = serializers.IntegerField(read_only=True, source="newest.number")
    currency = serializers.CharField(required=False, source="newest.currency")
    tax_included = serializers.BooleanField(required=False, source="newest.tax_included")
    elements = ElementsField(source="newest.elements")
    min_price = LimitField(required=False, allow_null=True, source="newest.min_price")
    max_price = LimitField(required=False, allow_null=True, source="newest.max_price")
    valid_from = serializers.DateTimeField(required=False, source="newest.valid_from")
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True, source="newest.created_at")


class VersionSerializer(serializers.Serializer[Any]):
    """`cancelled_at`: it never begins."""

    version = serializers.IntegerField(source="number")
    currency = serializers.CharField()
    tax_included = serializers.BooleanField()
    elements = ElementsField()
    min_price = Amount(allow_null=True)
    max_price = Amount(allow_null=True)
    valid_from = serializers.DateTimeField()
    cancelled_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class PeriodSerializer(Known):
    start = serializers.DateTimeField(required=False)
    energy_kwh = Amount(required=False, default=Decimal(0))
    charging_seconds = serializers.IntegerField(min_value=0, max_value=_MOST_SECONDS, required=False, default=0)
    parking_seconds = serializers.IntegerField(min_value=0, max_value=_MOST_SECONDS, required=False, default=0)
    power_kw = Amount(required=False, allow_null=True, default=None)


class QuoteSerializer(Known):
    started_at = serializers.DateTimeField()

    def validate_started_at(self, at: datetime) -> datetime:
        if not 2000 <= at.year < 2200:
            raise serializers.ValidationError(_("A time of this century is expected."))
        return at

    periods = serializers.ListField(child=PeriodSerializer(), allow_empty=False, max_length=MOST_PERIODS)


_TEXT = {"type": "string"}
_LINE = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("dimension", "quantity", "unit", "unit_price", "amount", "why"), _TEXT),
        "vat_rate": {"type": ["string", "null"]},
        "tariff_element": {"type": ["integer", "null"]},
        **{name: {"type": ["string", "null"], "format": "date-time"} for name in ("from", "to")},
    },
}
PRICED = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("currency", "total_excl_vat", "vat", "total_incl_vat"), _TEXT),
        "lines": {"type": "array", "items": _LINE},
        "vat_summary": {"type": "array", "items": VAT_ROW},
    },
}
"""A quote, for the schema: amounts are decimal strings."""


class AssignSerializer(Known):
    location = serializers.IntegerField(required=False, allow_null=True, default=None)


class CancelSerializer(Known):
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class UnassignSerializer(Known):
    assignment = serializers.IntegerField()
    at = serializers.DateTimeField(required=False, allow_null=True, default=None)
