"""Numbers on the API: amounts are decimal strings, OCPI volumes JSON numbers; neither passes through a float."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import orjson
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from billing.tariffs import exact

VAT_ROW = {
    "type": "object",
    "properties": {"rate": {"type": ["string", "null"]}, "taxable": {"type": "string"}, "vat": {"type": "string"}},
    "required": ["rate", "taxable", "vat"],
}


class Known(serializers.Serializer[Any]):
    """Refuses members that it does not know: of a price, what is misspelt must not be as if it were left out."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and (unknown := [str(name) for name in data if name not in self.fields]):
            raise serializers.ValidationError({name: [_("Unknown field.")] for name in unknown})
        return super().to_internal_value(data)


@extend_schema_field(OpenApiTypes.STR)
class Amount(serializers.Field[Any, Any, Any, Any]):
    """Out: a decimal string with as many decimals as it has, at least two. In: a number or its text, not negative."""

    default_error_messages = {"number": _("A number that is not negative is expected.")}

    def to_representation(self, value: Decimal) -> str:
        return amount(value)

    def to_internal_value(self, data: Any) -> Decimal:
        try:
            value = exact.number(data)
        except ValueError:
            self.fail("number")
        if not 0 <= value < 10**12:
            self.fail("number")
        return exact.rounded(value, 6)


def amount(value: Decimal | Fraction) -> str:
    """5 → "5.00", 0.4836 → "0.4836", two thirds → "0.666667"."""
    rounded = exact.rounded(Fraction(value), 6)
    short = exact.text(Fraction(rounded))
    whole, _point, decimals = short.partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"


def quantity(value: Fraction) -> str:
    """20, 0.75, 0.333333: six decimals at most."""
    return exact.text(Fraction(exact.rounded(value, 6)))


def volume(value: Fraction) -> orjson.Fragment:
    """The same as a JSON number (OCPI CdrDimension.volume)."""
    return orjson.Fragment(quantity(value))
