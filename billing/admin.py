"""What billing keeps, to look at. Prices, charges and documents are never edited: their pages make new versions and credits."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from billing.models import (
    CDR,
    BillingPolicy,
    DunningCase,
    Invoice,
    InvoiceLine,
    NumberSequence,
    Payment,
    PaymentStep,
    Payout,
    Subscription,
    Tariff,
    TariffVersion,
    WebhookEvent,
)
from billing.services.cards import webhooks
from cms.core.admin import ReadOnly
from cms.core.errors import DomainError


class Versions(admin.TabularInline):
    model = TariffVersion
    fields = ("number", "currency", "tax_included", "valid_from", "elements")
    readonly_fields = fields
    extra = 0
    can_delete = False
    ordering = ("-number",)


@admin.register(Tariff)
class TariffAdmin(ReadOnly):
    list_display = ("name", "operator", "archived_at")
    list_filter = ("operator",)
    search_fields = ("name",)
    inlines = (Versions,)


@admin.register(CDR)
class CdrAdmin(ReadOnly):
    list_display = (
        "uid",
        "operator",
        "session",
        "revision",
        "stopped_at",
        "total_incl_vat",
        "currency",
        "held",
        "flags",
    )
    list_filter = ("operator", "held", "estimated")
    list_select_related = ("operator", "session")
    search_fields = ("=uid", "=session__pk")
    show_full_result_count = False


class Lines(admin.TabularInline):
    model = InvoiceLine
    fields = ("position", "text", "quantity", "unit", "unit_price", "amount", "vat_rate")
    readonly_fields = fields
    extra = 0
    can_delete = False
    ordering = ("position",)


@admin.register(Invoice)
class InvoiceAdmin(ReadOnly):
    list_display = ("number", "kind", "operator", "issued_on", "total_incl_vat", "currency")
    list_filter = ("operator", "kind", "year")
    list_select_related = ("operator",)
    search_fields = ("number", "buyer")
    inlines = (Lines,)


class Steps(admin.TabularInline):
    model = PaymentStep
    fields = ("kind", "amount", "status", "key", "asked", "error_code", "updated_at")
    readonly_fields = fields
    extra = 0
    can_delete = False
    ordering = ("pk",)


@admin.register(Payout)
class PayoutAdmin(ReadOnly):
    list_display = ("gateway_id", "gateway", "amount", "currency", "status", "paid_at", "arrives_on")
    list_filter = ("gateway", "status")
    search_fields = ("=gateway_id",)


@admin.register(Payment)
class PaymentAdmin(ReadOnly):
    inlines = (Steps,)
    list_display = ("idempotency_key", "operator", "status", "amount", "currency", "gateway", "updated_at")
    list_filter = ("operator", "status", "gateway")
    list_select_related = ("operator",)
    search_fields = ("=idempotency_key", "=gateway_id")


@admin.register(NumberSequence)
class NumberSequenceAdmin(ReadOnly):
    list_display = ("operator", "series", "year", "last", "last_on")
    list_select_related = ("operator",)


@admin.register(BillingPolicy)
class BillingPolicyAdmin(admin.ModelAdmin):
    list_display = ("operator", "estimated_limit", "waive_empty", "payment_to_start", "hold_amount")
    autocomplete_fields = ("operator",)


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnly):
    list_display = ("event_id", "kind", "status", "object_id", "occurred_at", "received_at", "tries")
    list_filter = ("status", "kind", "gateway")
    search_fields = ("=event_id", "=object_id")
    actions = ("replay",)

    @admin.action(description=_("Apply once more"), permissions=["view"])
    def replay(self, request: HttpRequest, found: QuerySet[WebhookEvent]) -> None:
        for event in found:
            try:
                webhooks.replay(event=event)
            except DomainError as error:
                self.message_user(request, f"{event.event_id}: {error.text}", messages.ERROR)
            else:
                event.refresh_from_db()
                self.message_user(request, f"{event.event_id}: {event.get_status_display()}")


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnly):
    list_display = ("driver", "operator", "version", "status", "period_start", "period_end")
    list_filter = ("operator", "status")
    list_select_related = ("driver__user", "operator", "version__plan")
    search_fields = ("driver__user__email",)


@admin.register(DunningCase)
class DunningCaseAdmin(ReadOnly):
    list_display = ("amount", "currency", "operator", "driver", "company", "status", "step", "opened_at")
    list_filter = ("operator", "status")
    list_select_related = ("operator", "driver__user", "company")
