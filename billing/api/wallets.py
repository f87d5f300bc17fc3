"""/wallets/ and /wallet-entries/: what drivers have paid ahead, and corrections of it."""

from decimal import Decimal
from typing import Any

import django_filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api import keys, numbers
from billing.api.numbers import Amount
from billing.api.reading import Readable
from billing.models import Wallet, WalletEntry
from billing.selectors import wallets as selectors
from billing.services.prepaid import wallets


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


@extend_schema_field(OpenApiTypes.STR)
class SignedAmount(Amount):
    """With a minus it is taken out."""

    def to_internal_value(self, data: Any) -> Decimal:
        text = str(data)
        return -super().to_internal_value(text[1:]) if text.startswith("-") else super().to_internal_value(data)


class CorrectionSerializer(serializers.Serializer[WalletEntry]):
    """The driver reads the reason."""

    amount = SignedAmount()
    reason = serializers.CharField(max_length=200)


class Wallets(Readable):
    """What drivers have paid ahead, newest wallet first."""

    queryset = selectors.with_balance(Wallet.objects.select_related("driver__user"))
    serializer_class = WalletSerializer
    reads = "driver.view"
    rights = {"correct": "wallet.correct"}

    @extend_schema(request=CorrectionSerializer, responses={201: WalletEntrySerializer}, parameters=[keys.HEADER])
    @action(detail=True, methods=["post"])
    def correct(self, request: Request, pk: str) -> Response:
        """Up or down, never below zero, within the limit of the key's role. 409 wallet_too_low."""
        wallet = self.get_object()
        asked = CorrectionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        key = f"correction:api-{keys.of(request.headers)}"[:80]
        entry = wallets.correct(driver=wallet.driver, key=key, by=self.actor, **asked.validated_data)
        return Response(WalletEntrySerializer(entry).data, status=201)


class WalletEntryFilter(django_filters.FilterSet):
    wallet = django_filters.NumberFilter(max_digits=18)


class WalletEntries(Readable):
    """What went into and out of wallets, newest first; of one with `wallet`."""

    queryset = WalletEntry.objects.select_related("cdr")
    serializer_class = WalletEntrySerializer
    filterset_class = WalletEntryFilter
    reads = "driver.view"
