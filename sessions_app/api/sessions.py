"""/sessions/ (api-contract §4): what is known of each charging transaction."""

from typing import Any

import django_filters
from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from cms.core import energy, rest
from sessions_app.models import ChargingSession
from sessions_app.services import decisions, stops
from stations.api.commands import CommandSerializer
from stations.vocabulary.values import connector_number


@extend_schema_field({"type": ["integer", "null"]})
class WattHours(serializers.Field[Any, Any, Any, Any]):
    """An integer, rounded half up from the stored mWh."""

    def to_representation(self, value: Any) -> int:
        return energy.whole_wh(value)


class SessionSerializer(serializers.ModelSerializer[ChargingSession]):
    station = serializers.CharField(source="station.identity")
    connector_id = serializers.SerializerMethodField()
    meter_start_wh = WattHours(source="meter_start", read_only=True)
    meter_stop_wh = WattHours(source="meter_stop", read_only=True)
    energy_wh = WattHours(source="energy", read_only=True)
    reservation = serializers.SerializerMethodField()

    class Meta:
        model = ChargingSession
        fields = [
            "id",
            "station",
            "evse_id",
            "connector_id",
            "ocpp_version",
            "transaction_id",
            "status",
            "id_tag",
            "started_at",
            "stopped_at",
            "stop_reason",
            "stop_id_tag",
            "meter_start_wh",
            "meter_stop_wh",
            "energy_wh",
            "reservation",
        ]

    def get_connector_id(self, session: ChargingSession) -> int | None:
        if session.evse_id is None or session.connector_id is None:
            return session.connector_id
        return connector_number(session.ocpp_version, session.evse_id, session.connector_id)

    def get_reservation(self, session: ChargingSession) -> int | None:
        """Reservations are not kept yet."""
        return None


class CloseSerializer(serializers.Serializer[ChargingSession]):
    reason = serializers.CharField(max_length=64, required=False, default="Other")


class ReasonSerializer(serializers.Serializer[ChargingSession]):
    """Kept with the charge."""

    reason = serializers.CharField(max_length=500)


class CorrectSerializer(ReasonSerializer):
    energy_wh = serializers.DecimalField(max_digits=14, decimal_places=3, min_value=0, max_value=decisions.MAX_WH)
    stopped_at = serializers.DateTimeField()


class SessionFilter(django_filters.FilterSet):
    station = django_filters.CharFilter(field_name="station__identity")
    status = django_filters.ChoiceFilter(choices=ChargingSession.Status.choices)
    id_tag = django_filters.CharFilter(field_name="id_tag", lookup_expr="iexact")
    transaction_id = django_filters.CharFilter()
    started_after = rest.Moment(field_name="started_at", lookup_expr="gte")
    started_before = rest.Moment(field_name="started_at", lookup_expr="lt")


class Sessions(rest.Resource):
    """Charging sessions, newest first. What a person decides about one is kept as evidence; nothing is edited."""

    queryset = ChargingSession.objects.select_related("station").defer("state", "start_key")
    serializer_class = SessionSerializer
    filterset_class = SessionFilter
    reads = "session.view"
    rights = {
        "stop": "session.stop",
        "close": "session.close",
        "accept": "session.correct",
        "correct": "session.correct",
        "discard": "session.correct",
    }

    def get_object(self) -> ChargingSession:
        if not self.kwargs["pk"].isascii() or not self.kwargs["pk"].isdecimal() or len(self.kwargs["pk"]) > 18:
            raise Http404
        session: ChargingSession = super().get_object()
        return session

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=None, responses={202: CommandSerializer})
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """Asks the station to end it; the session goes on until the station says that it has ended."""
        command = stops.remote(session=self.get_object(), by=self.actor)
        where = reverse("command-detail", args=[command.uid], request=request)
        shown = CommandSerializer(command, context=self.get_serializer_context()).data
        return Response(shown, status=202, headers={"Location": where})

    @extend_schema(request=CloseSerializer, responses={200: SessionSerializer})
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """Ends it in our books only. Nothing is sent."""
        asked = CloseSerializer(data=request.data)
        session = self.get_object()
        asked.is_valid(raise_exception=True)
        closed = decisions.close(session=session, reason=asked.validated_data["reason"], by=self.actor)
        return Response(self.get_serializer(closed).data)

    @extend_schema(request=ReasonSerializer, responses={200: SessionSerializer})
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """Lets a session that waits for a person stand as it is."""
        session, given = self._asked(ReasonSerializer)
        return self._decided(decisions.accept(session=session, by=self.actor, **given))

    @extend_schema(request=CorrectSerializer, responses={200: SessionSerializer})
    @action(detail=True, methods=["post"])
    def correct(self, request: Request, pk: str) -> Response:
        """Says how much it took and when it ended, whatever the station said. What was billed is credited and billed anew."""
        session, given = self._asked(CorrectSerializer)
        return self._decided(decisions.correct(session=session, by=self.actor, **given))

    @extend_schema(request=ReasonSerializer, responses={200: SessionSerializer})
    @action(detail=True, methods=["post"])
    def discard(self, request: Request, pk: str) -> Response:
        """It was no charge: it costs nothing and counts in no report. Its evidence stays."""
        session, given = self._asked(ReasonSerializer)
        return self._decided(decisions.discard(session=session, by=self.actor, **given))

    def _asked(self, form: type[serializers.Serializer[ChargingSession]]) -> tuple[ChargingSession, dict[str, Any]]:
        """What cannot be seen is 404 before the body is looked at."""
        session = self.get_object()
        asked = form(data=self.request.data)
        asked.is_valid(raise_exception=True)
        return session, asked.validated_data

    def _decided(self, session: ChargingSession) -> Response:
        return Response(self.get_serializer(session).data)
