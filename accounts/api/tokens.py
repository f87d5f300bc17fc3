"""/tokens/ (api-contract §5), addressed by id tag without regard to case."""

from typing import Any

import django_filters
from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Token
from accounts.selectors import tokens as selectors
from accounts.services import tokens
from cms.core import rest

WRITABLE = ("type", "label", "parent_id_tag", "status", "expires_at", "max_active_sessions")


class TokenSerializer(serializers.ModelSerializer[Token]):
    id_tag = serializers.CharField(source="uid", max_length=36)
    authorization_status = serializers.ChoiceField(["Accepted", "Blocked", "Expired", "ConcurrentTx"], read_only=True)

    class Meta:
        model = Token
        fields = ["id_tag", *WRITABLE, "authorization_status", "created_at", "updated_at"]

    def validate_id_tag(self, text: str) -> str:
        if isinstance(self.instance, Token) and text.upper() != self.instance.key:
            raise serializers.ValidationError(_("The id of a token cannot be changed: create a new one."))
        return text


class TokenFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=Token.Status.choices)
    type = django_filters.ChoiceFilter(choices=Token.Type.choices)
    search = django_filters.CharFilter(method="find", label="in the id or the label")

    def find(self, rows: Any, name: str, text: str) -> Any:
        return rows.filter(Q(key__contains=text.upper()) | Q(label__icontains=text))


class Tokens(rest.Resource):
    """RFID cards and app accounts: who may charge."""

    queryset = Token.objects.select_related("driver")
    serializer_class = TokenSerializer
    filterset_class = TokenFilter
    reads = "token.view"
    writes = "token.edit"
    lookup_field = "uid"
    lookup_url_kwarg = "id_tag"
    lookup_value_regex = ".+"

    def get_object(self) -> Token:
        return get_object_or_404(self.get_queryset(), key=self.kwargs["id_tag"].upper())

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response(self.get_serializer(selectors.told(page), many=True).data)

    def create(self, request: Request) -> Response:
        details = self._read(request)
        token = tokens.create(operator=self.actor.operator, id_tag=details.pop("uid"), by=self.actor, **details)
        return self.created(selectors.told([token])[0])

    def retrieve(self, request: Request, id_tag: str) -> Response:
        return self._shown(self.get_object())

    def update(self, request: Request, id_tag: str) -> Response:
        """Replaces: what is left out gets its default."""
        blank = Token()
        return self._changed(request, {name: getattr(blank, name) for name in WRITABLE})

    def partial_update(self, request: Request, id_tag: str) -> Response:
        return self._changed(request, {})

    def destroy(self, request: Request, id_tag: str) -> Response:
        tokens.delete(token=self.get_object(), by=self.actor)
        return Response(status=204)

    def _changed(self, request: Request, defaults: dict[str, Any]) -> Response:
        token = self.get_object()
        details = defaults | self._read(request, token)
        details.pop("uid", None)
        return self._shown(tokens.update(token=token, by=self.actor, **details))

    def _read(self, request: Request, token: Token | None = None) -> dict[str, Any]:
        serializer = self.get_serializer(token, data=request.data, partial=token is not None)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def _shown(self, token: Token) -> Response:
        return Response(self.get_serializer(selectors.told([token])[0]).data)
