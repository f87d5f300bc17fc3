"""/companies/, /promotions/ and /wallets/, to read: what a fleet's own software, or a shop that gives codes away, asks for."""

from typing import Any

import django_filters
from django.db.models import Prefetch
from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Company, CompanyMember
from billing.api import numbers
from billing.api.numbers import Amount
from billing.models import Promotion, Wallet, WalletEntry
from billing.selectors import companies, promotions, wallets
from cms.core import rest

DIGITS = 18  # of a primary key


class MemberSerializer(serializers.ModelSerializer[CompanyMember]):
    email = serializers.EmailField(source="driver.user.email")
    monthly_cap = Amount(allow_null=True)

    class Meta:
        model = CompanyMember
        fields = ["id", "email", "cost_centre", "monthly_cap", "administrator", "joined_at", "left_at", "private"]


class CompanySerializer(serializers.ModelSerializer[Company]):
    """Amounts in the operator's currency, incl. VAT; caps are null where there is none. `spent`: charges that ended this month, by
    the operator's calendar."""

    monthly_cap = Amount(allow_null=True)
    credit_limit = Amount(allow_null=True)
    spent = serializers.SerializerMethodField()
    members = MemberSerializer(many=True)

    class Meta:
        model = Company
        fields = [
            "id",
            "name",
            "billing_name",
            "vat_number",
            "fiscal_code",
            "monthly_cap",
            "credit_limit",
            "spent",
            "payment_days",
            "archived_at",
            "members",
            "created_at",
        ]

    def get_spent(self, company: Company) -> str:
        return Amount().to_representation(self.context["budgets"][company.pk].spent)


class PromotionSerializer(serializers.ModelSerializer[Promotion]):
    """`value` by `kind`: an amount incl. VAT, a percentage, or kWh. `entered`: drivers so far; `used`: charges that had it."""

    value = Amount()
    entered = serializers.IntegerField()
    used = serializers.IntegerField()

    class Meta:
        model = Promotion
        fields = [
            "id",
            "code",
            "kind",
            "value",
            "currency",
            "batch",
            "valid_from",
            "valid_until",
            "limit",
            "charges_each",
            "first_charge_only",
            "entered",
            "used",
            "ended_at",
            "created_at",
        ]


class WalletEntrySerializer(serializers.ModelSerializer[WalletEntry]):
    """`amount` is signed; `balance` is what was left after it; `charge` the session that it paid or was given back for."""

    amount = serializers.SerializerMethodField()
    balance = Amount()
    charge = serializers.IntegerField(source="cdr.session_id", allow_null=True, default=None)

    class Meta:
        model = WalletEntry
        fields = ["id", "wallet", "kind", "amount", "balance", "charge", "reason", "created_at"]

    def get_amount(self, entry: WalletEntry) -> str:
        return numbers.amount(entry.amount)


class WalletSerializer(serializers.ModelSerializer[Wallet]):
    """Amounts in `currency`."""

    driver = serializers.EmailField(source="driver.user.email")
    balance = Amount(source="left")
    automatic_below = Amount(allow_null=True)
    automatic_amount = Amount(allow_null=True)

    class Meta:
        model = Wallet
        fields = ["id", "driver", "currency", "balance", "automatic_below", "automatic_amount", "created_at"]


class _Readable(rest.Resource):
    def get_object(self) -> Any:
        key = self.kwargs["pk"]
        if not key.isascii() or not key.isdecimal() or len(key) > DIGITS:
            raise Http404
        return super().get_object()

    def list(self, request: Request) -> Response:
        page: Any = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self._shown(page, many=True))

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(self._shown(self.get_object(), many=False))

    def _shown(self, rows: Any, *, many: bool) -> Any:
        return self.get_serializer(rows, many=many).data


class Companies(_Readable):
    """Companies with their members and what they have spent this month, newest first."""

    queryset = Company.objects.select_related("operator").prefetch_related(
        Prefetch("members", CompanyMember.objects.select_related("driver__user").order_by("pk"))
    )
    serializer_class = CompanySerializer
    reads = "company.view"

    def _shown(self, rows: Any, *, many: bool) -> Any:
        companies_ = rows if many else [rows]
        budgets = companies.budgets(companies_, companies_[0].operator) if companies_ else {}
        context = {**self.get_serializer_context(), "budgets": budgets}
        return CompanySerializer(rows, many=many, context=context).data


class Promotions(_Readable):
    """Vouchers and promo codes, newest first."""

    queryset = promotions.counted(Promotion.objects.all())
    serializer_class = PromotionSerializer
    reads = "promotion.view"


class Wallets(_Readable):
    """What drivers have paid ahead, newest wallet first."""

    queryset = wallets.with_balance(Wallet.objects.select_related("driver__user"))
    serializer_class = WalletSerializer
    reads = "driver.view"


class WalletEntryFilter(django_filters.FilterSet):
    wallet = django_filters.NumberFilter(max_digits=DIGITS)


class WalletEntries(_Readable):
    """What went into and out of wallets, newest first; of one with `wallet`."""

    queryset = WalletEntry.objects.select_related("cdr")
    serializer_class = WalletEntrySerializer
    filterset_class = WalletEntryFilter
    reads = "driver.view"
