"""Django admin for rare set-up and for looking: what stations said and were asked cannot be edited."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cms.core.admin import ReadOnly
from stations.models import (
    EVSE,
    ChargingStation,
    Command,
    ConnectionPeriod,
    Connector,
    Fault,
    FirmwareUpdate,
    Frame,
    Location,
    LogRequest,
    SecurityEvent,
    UnknownStation,
    Variable,
)
from stations.selectors import masking
from stations.services import provisioning


@admin.register(Location)
class LocationAdmin(admin.ModelAdmin):
    list_display = ("name", "city", "operator", "public")
    list_filter = ("operator",)
    search_fields = ("name", "city", "address")


@admin.register(ChargingStation)
class StationAdmin(ReadOnly):
    """New stations are made on the set-up page, which shows their address and password."""

    list_display = ("identity", "name", "operator", "location", "online", "ocpp_version", "last_seen")
    list_filter = ("operator", "online", "ocpp_version")
    search_fields = ("identity", "name", "serial_number")
    actions = ("archive",)

    def has_archive_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    @admin.action(description=_("Archive: take out of every list, free the identity"), permissions=["archive"])
    def archive(self, request: HttpRequest, stations: QuerySet[ChargingStation]) -> None:
        for station in stations:
            provisioning.archive(station=station, by=request.user)  # type: ignore[arg-type]


class ConnectorInline(admin.TabularInline):
    model = Connector
    extra = 0
    fields = ("connector_id", "standard", "status", "error_code")
    readonly_fields = ("connector_id", "status", "error_code")


@admin.register(EVSE)
class EvseAdmin(admin.ModelAdmin):
    list_display = ("uid", "short_code", "station", "evse_id", "power_type", "max_power_w")
    search_fields = ("uid", "short_code", "station__identity")
    readonly_fields = ("station", "evse_id", "short_code")
    inlines = (ConnectorInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(Frame)
class FrameAdmin(ReadOnly):
    list_display = ("at", "station", "outgoing", "action", "took_us", "anomalies")
    list_filter = ("action", "outgoing")
    search_fields = ("station__identity", "message_id")
    fields = ("station", "at", "outgoing", "kind", "action", "message_id", "shown_raw", "shown_answer", "anomalies")
    list_select_related = ("station",)

    @admin.display(description=_("frame"))
    def shown_raw(self, frame: Frame) -> str:
        return masking.masked(frame.raw)

    @admin.display(description=_("answer"))
    def shown_answer(self, frame: Frame) -> str:
        return masking.masked(frame.answer)


@admin.register(Command)
class CommandAdmin(ReadOnly):
    list_display = ("created_at", "station", "action", "status", "requested_by", "requested_with")
    list_filter = ("status", "action", "automatic")
    search_fields = ("station__identity", "uid")
    fields = ("uid", "station", "action", "shown_payload", "status", "shown_response", "error", "sent_at", "effect_at")
    list_select_related = ("station", "requested_by", "requested_with")

    @admin.display(description=_("payload"))
    def shown_payload(self, command: Command) -> str:
        return masking.masked(command.payload)

    @admin.display(description=_("response"))
    def shown_response(self, command: Command) -> str:
        return masking.masked(command.response or "")


@admin.register(UnknownStation)
class UnknownStationAdmin(ReadOnly):
    list_display = ("identity", "reason", "remote", "attempts", "last_seen")


@admin.register(Variable)
class VariableAdmin(ReadOnly):
    list_display = ("station", "component", "name", "attribute", "value", "readonly", "updated_at")
    search_fields = ("station__identity", "name")


@admin.register(Fault)
class FaultAdmin(ReadOnly):
    list_display = ("station", "kind", "evse_id", "code", "since", "closed_at", "hits")
    list_filter = ("kind", "operator")


@admin.register(LogRequest)
class LogRequestAdmin(ReadOnly):
    exclude = ("token",)


@admin.register(ConnectionPeriod, FirmwareUpdate, SecurityEvent)
class RecordAdmin(ReadOnly):
    list_select_related = ("station",)
