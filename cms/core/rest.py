"""What the rooms' REST resources share. The rest (keys, roles, errors, pages) DRF finds through the settings."""

import re
from datetime import UTC
from typing import Any
from urllib.parse import quote

import orjson
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.forms import IntegerField
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from django_filters import IsoDateTimeFilter, NumberFilter, TypedChoiceFilter
from django_filters.fields import IsoDateTimeField
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from cms.core import exact_json

_UNESCAPED_PLUS = re.compile(r" (?=\d\d:?\d\d$)")


class Resource(viewsets.GenericViewSet[Any]):
    """Rows of the key's own operator, newest first.

    `reads` and `writes` name actions of `accounts.access.ALLOWED`; `rights` names others for single view actions.
    """

    reads: str
    writes: str = ""
    rights: dict[str, str] = {}
    lookup_value_regex = "[^/]+"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if any("\x00" in str(value) for value in kwargs.values()):  # PostgreSQL refuses to compare it
            raise Http404

    @property
    def actor(self) -> Any:
        """The ApiKey that asks; a stranger does not get this far."""
        return self.request.user

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows.none()
        return rows.visible_to(self.actor).order_by("-pk")  # type: ignore[attr-defined]

    def location(self, obj: Model) -> str:
        """Every sign of an identity escaped: a “/” in it is no separator."""
        name = quote(str(getattr(obj, self.lookup_field)), safe="")
        return f"{self.reverse_action('list')}{name}/"

    def created(self, obj: Model) -> Response:
        """201, the object, and where it is from now on."""
        return Response(self.get_serializer(obj).data, status=201, headers={"Location": self.location(obj)})


@extend_schema_field(OpenApiTypes.OBJECT)
class Verbatim(serializers.Field[Any, Any, Any, Any]):
    """A TEXT column that holds JSON: goes out byte for byte, comes in as compact JSON text: order and numbers as given."""

    default_error_messages = {
        "object": _("A JSON object is expected."),
        "text": _("Contains characters that are not text."),
        "deep": _("Nested too deeply."),
    }

    def __init__(self, *, any_value: bool = False, **kwargs: Any) -> None:
        self.any_value = any_value
        super().__init__(**kwargs)

    def to_representation(self, value: str | bytes) -> Any:
        return verbatim(value)

    def to_internal_value(self, data: Any) -> str:
        if not self.any_value and not isinstance(data, dict):
            self.fail("object")
        try:
            text = exact_json.dumps(data)
        except ValueError:
            self.fail("deep")
        if "\\u0000" in text or (not text.isprintable() and any(0xD800 <= ord(sign) < 0xE000 for sign in text)):
            self.fail("text")
        return text


def verbatim(stored: str | bytes | None) -> orjson.Fragment | str | None:
    """Stored JSON text for an API answer. Text that is no JSON (a broken frame) goes out as a string."""
    if not stored:
        return None
    try:
        orjson.loads(stored)
    except orjson.JSONDecodeError:
        return stored if isinstance(stored, str) else stored.decode(errors="replace")
    return orjson.Fragment(stored)


class MomentField(IsoDateTimeField):
    def to_python(self, value: Any) -> Any:
        """A plus that was not escaped in the address has become a blank; a time that no clock of UTC shows is refused."""
        at = super().to_python(_UNESCAPED_PLUS.sub("+", value) if isinstance(value, str) else value)
        try:
            return at and at.astimezone(UTC)
        except OverflowError as beyond:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from beyond


class Moment(IsoDateTimeFilter):
    """RFC 3339 with any offset; UTC where there is none."""

    field_class = MomentField


class Whole(NumberFilter):
    field_class = IntegerField


class TrueOrFalse(TypedChoiceFilter):
    """`true` or `false`; anything else is 400 (django-filter's BooleanFilter would ignore it)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(*args, choices=choices, coerce=lambda text: text == "true", **kwargs)
