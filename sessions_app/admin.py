"""Django admin for looking: sessions follow from evidence, and evidence is never edited."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from cms.core.admin import ReadOnly
from sessions_app.models import ChargingSession, Evidence, StartRequest


class EvidenceInline(admin.TabularInline):
    model = Evidence
    extra = 0
    can_delete = False
    ordering = ("received_at", "pk")
    fields = ("kind", "seq_no", "occurred_at", "received_at", "register", "power_w", "message_id", "facts")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(ChargingSession)
class SessionAdmin(ReadOnly):
    list_display = ("id", "station", "evse_id", "id_tag", "status", "started_at", "stopped_at", "energy", "review")
    list_filter = ("operator", "status", "ocpp_version", "estimated")
    search_fields = ("transaction_id", "id_tag", "station__identity")
    list_select_related = ("station",)
    inlines = (EvidenceInline,)


@admin.register(Evidence)
class EvidenceAdmin(ReadOnly):
    list_display = ("id", "station", "session", "kind", "transaction_id", "occurred_at", "received_at", "register")
    list_filter = ("kind",)
    search_fields = ("transaction_id", "message_id", "station__identity")
    list_select_related = ("station", "session")


@admin.register(StartRequest)
class StartRequestAdmin(ReadOnly):
    list_display = ("id", "station", "evse_id", "token", "status", "created_at", "session")
    list_filter = ("operator", "status")
    list_select_related = ("station", "token", "session")
