"""/stations/ (api-contract §2), addressed by OCPP identity, and the commands of one station (§3)."""

from typing import Any

import django_filters
from django.db.models import Prefetch, Q
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from cms.core import rest
from stations.api.commands import AskedSerializer, CommandFilter, CommandSerializer
from stations.models import EVSE, ChargingStation, Command, Connector
from stations.models.station import SecurityProfile
from stations.services import commands, provisioning
from stations.vocabulary.values import connector_number


@extend_schema_field({"type": ["string", "null"]})
class OrNull(serializers.CharField):
    """A text that is empty while the station has not told it."""

    def to_representation(self, value: str) -> Any:
        return value or None


class ConnectorSerializer(serializers.Serializer[Connector]):
    evse_id = serializers.IntegerField(source="evse.evse_id")
    connector_id = serializers.SerializerMethodField()
    status = OrNull()
    error_code = serializers.CharField()
    updated_at = serializers.DateTimeField()

    def get_connector_id(self, connector: Connector) -> int:
        version = connector.evse.station.ocpp_version
        return connector_number(version, connector.evse.evse_id, connector.connector_id)


class StationSerializer(serializers.ModelSerializer[ChargingStation]):
    ocpp_version = OrNull()
    vendor = OrNull()
    model = OrNull()
    serial_number = OrNull()
    firmware_version = OrNull()
    connectors = serializers.SerializerMethodField()

    class Meta:
        model = ChargingStation
        fields = [
            "identity",
            "name",
            "security_profile",
            "online",
            "ocpp_version",
            "last_seen",
            "last_boot",
            "vendor",
            "model",
            "serial_number",
            "firmware_version",
            "connectors",
            "created_at",
        ]

    @extend_schema_field(ConnectorSerializer(many=True))
    def get_connectors(self, station: ChargingStation) -> Any:
        plugs = (connector for evse in station.evses.all() for connector in evse.connectors.all())
        return [ConnectorSerializer(connector).data for connector in plugs]


class NewSerializer(serializers.Serializer[ChargingStation]):
    """`password` is write-only: it is stored hashed and never shown."""

    identity = serializers.CharField(trim_whitespace=False)
    name = serializers.CharField(max_length=100, allow_blank=True, required=False)
    security_profile = serializers.ChoiceField(
        SecurityProfile.choices,
        required=False,
        help_text="3 works only behind a proxy that verifies client certificates (OCPP_CERTIFICATE_HEADER, README); "
        "without one such a station is refused with 401.",
    )
    password = serializers.CharField(trim_whitespace=False, required=False, write_only=True)


class ChangeSerializer(NewSerializer):
    def validate_identity(self, identity: str) -> str:
        if identity != self.context["identity"]:
            raise serializers.ValidationError(_("The identity of a station cannot be changed."))
        return identity


class StationFilter(django_filters.FilterSet):
    online = rest.TrueOrFalse()
    search = django_filters.CharFilter(method="find", label="in the identity or the name")

    def find(self, rows: Any, name: str, text: str) -> Any:
        return rows.filter(Q(identity__icontains=text) | Q(name__icontains=text))


_EVSES = EVSE.objects.order_by("evse_id").select_related("station")
_CONNECTORS = Connector.objects.order_by("connector_id").select_related("evse__station")


class Stations(rest.Resource):
    """Charging stations: what they are, whether they are there, and what is asked of them."""

    queryset = ChargingStation.objects.prefetch_related(
        Prefetch("evses", _EVSES), Prefetch("evses__connectors", _CONNECTORS)
    )
    serializer_class = StationSerializer
    filterset_class = StationFilter
    reads = "station.view"
    writes = "station.edit"
    lookup_field = "identity"

    def get_object(self) -> ChargingStation:
        """Without the filters: those of its commands are not the station's."""
        return get_object_or_404(self.get_queryset(), identity=self.kwargs["identity"])

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=NewSerializer)
    def create(self, request: Request) -> Response:
        said = self._read(NewSerializer(data=request.data))
        station = provisioning.create(operator=self.actor.operator, by=self.actor, **said)
        return self.created(station)

    def retrieve(self, request: Request, identity: str) -> Response:
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=ChangeSerializer)
    def partial_update(self, request: Request, identity: str) -> Response:
        station = self.get_object()
        said = self._read(ChangeSerializer(data=request.data, partial=True, context={"identity": identity}))
        said.pop("identity", None)
        provisioning.change(station=station, by=self.actor, **said)
        return Response(self.get_serializer(self.get_object()).data)

    def destroy(self, request: Request, identity: str) -> Response:
        provisioning.remove(station=self.get_object(), by=self.actor)
        return Response(status=204)

    # ---- its commands --------------------------------------------------------------------------------------------

    @extend_schema(responses=CommandSerializer(many=True))
    @action(detail=True, filterset_class=CommandFilter)
    def commands(self, request: Request, identity: str) -> Response:
        asked = Command.objects.filter(station=self.get_object()).select_related("station").order_by("-pk")
        page = self.paginate_queryset(self.filter_queryset(asked))
        return self.get_paginated_response(self._shown(page, many=True))

    @extend_schema(request=AskedSerializer, responses={202: CommandSerializer})
    @commands.mapping.post
    def ask(self, request: Request, identity: str) -> Response:
        """202: queued, goes out after what was accepted before. 409: the station is not connected, nothing is queued."""
        station = self.get_object()
        said = {"payload": "{}"} | self._read(AskedSerializer(data=request.data))
        command = commands.raw_call(station=station, by=self.actor, **said)
        location = reverse("command-detail", args=[command.uid], request=request)
        return Response(self._shown(command), status=202, headers={"Location": location})

    def _shown(self, rows: Any, many: bool = False) -> Any:
        return CommandSerializer(rows, many=many, context=self.get_serializer_context()).data

    @staticmethod
    def _read(serializer: serializers.Serializer[Any]) -> dict[str, Any]:
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)
