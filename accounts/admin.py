"""Rare set-up and repair. Daily work has pages of its own; nothing here makes keys, codes or documents."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin

from accounts.models import ApiKey, Driver, Membership, Operator, SentMail, Token, User
from cms.core.admin import ReadOnly

admin.site.site_header = admin.site.site_title = "Colonnina"
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # passkeys, codes and limits hold here too


class Memberships(admin.TabularInline):
    model = Membership
    fk_name = "user"
    fields = ("operator", "role", "invited_at", "accepted_at")
    readonly_fields = ("invited_at", "accepted_at")
    extra = 0


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    list_display = ("email", "first_name", "last_name", "is_staff", "is_active", "last_login")
    search_fields = ("email", "first_name", "last_name")
    list_filter = ("is_staff", "is_active")
    fields = ("email", "first_name", "last_name", "language", "is_active", "is_staff", "is_superuser", "last_login")
    readonly_fields = ("last_login",)
    inlines = (Memberships,)


@admin.register(Operator)
class OperatorAdmin(admin.ModelAdmin):
    list_display = ("name", "slug", "country_code", "party_id", "has_legal_entity")
    search_fields = ("name", "slug", "party_id")


@admin.register(Driver)
class DriverAdmin(admin.ModelAdmin):
    list_display = ("user", "operator", "billing_name", "vat_number", "blocked")
    list_filter = ("operator", "blocked")
    search_fields = ("user__email", "billing_name", "vat_number")
    autocomplete_fields = ("user", "operator")


@admin.register(Token)
class TokenAdmin(admin.ModelAdmin):
    list_display = ("masked", "label", "operator", "type", "status", "expires_at")
    list_filter = ("operator", "status", "type")
    search_fields = ("key", "label")
    autocomplete_fields = ("driver", "operator")


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnly):
    list_display = ("name", "prefix", "operator", "role", "last_used_at", "revoked_at")
    list_filter = ("operator", "role")
    exclude = ("digest",)


@admin.register(SentMail)
class SentMailAdmin(ReadOnly):
    list_display = ("key", "recipient", "claimed_at", "sent_at")
    search_fields = ("key", "recipient")
