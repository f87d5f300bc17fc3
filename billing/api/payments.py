"""/payments/: money in and back, to follow and, by role, to collect, to let go and to give back. No card number is in it."""

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api import keys
from billing.api.numbers import Amount
from billing.models import Payment, Refund
from billing.services.cards import cashier, refunds
from cms.core import rest


class RefundSerializer(serializers.ModelSerializer[Refund]):
    """`status`: pending until the provider has answered, done, or failed with its `error`."""

    amount = Amount()

    class Meta:
        model = Refund
        fields = ["id", "amount", "status", "reason", "error", "created_at"]


class PaymentSerializer(serializers.ModelSerializer[Payment]):
    """`amount` was asked for, of a hold it is what is blocked; `captured` came in, `refunded` went back of it. `gateway` is the
    provider, or wallet or bank; `gateway_id` its own reference. `session`, `cdr` and `invoice` are what it is for."""

    amount = Amount()
    captured = Amount()
    refunded = Amount()
    hold = serializers.BooleanField(source="later")
    driver = serializers.EmailField(source="driver.user.email", allow_null=True, default=None)
    company = serializers.CharField(source="company.name", allow_null=True, default=None)
    session = serializers.IntegerField(source="session_id", allow_null=True)
    cdr = serializers.UUIDField(source="cdr.uid", allow_null=True, default=None)
    invoice = serializers.CharField(source="invoice.number", allow_null=True, default=None)
    refunds = RefundSerializer(many=True)

    class Meta:
        model = Payment
        fields = [
            "id", "purpose", "status", "hold", "amount", "captured", "refunded", "currency", "gateway", "gateway_id",
            "driver", "company", "session", "cdr", "invoice", "error_code", "error", "dispute", "expires_at", "valued_on",
            "refunds", "created_at", "updated_at",
        ]  # fmt: skip


class WhySerializer(serializers.Serializer[Payment]):
    """Kept with the payment."""

    reason = serializers.CharField(max_length=300)


class AmountSerializer(WhySerializer):
    amount = Amount()


class PaymentFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=Payment.Status.choices)
    purpose = django_filters.ChoiceFilter(choices=Payment.Purpose.choices)
    session = rest.Whole(field_name="session_id")
    driver = django_filters.CharFilter(field_name="driver__user__email", lookup_expr="iexact")
    invoice = django_filters.CharFilter(field_name="invoice__number")
    gateway_id = django_filters.CharFilter()
    created_after = rest.Moment(field_name="created_at", lookup_expr="gte")
    created_before = rest.Moment(field_name="created_at", lookup_expr="lt")


class Payments(rest.Resource):
    """Payments and holds, newest first."""

    queryset = Payment.objects.select_related("driver__user", "company", "cdr", "invoice").prefetch_related("refunds")
    serializer_class = PaymentSerializer
    filterset_class = PaymentFilter
    reads = "payment.view"
    rights = {"capture": "payment.collect", "release": "payment.collect", "refund": "payment.refund"}
    lookup_value_regex = "[0-9]{1,18}"

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        return self._told()

    @extend_schema(request=AmountSerializer, responses={200: PaymentSerializer})
    @action(detail=True, methods=["post"])
    def capture(self, request: Request, pk: str) -> Response:
        """Collects of a hold and lets the rest go. Collected already with that amount: the payment as it is. 409 payment_state where
        nothing is held, payment_refused where the provider says no."""
        payment, given = self._asked(AmountSerializer)
        if (payment.status, payment.captured) != (Payment.Status.CAPTURED, given["amount"]):
            cashier.capture(payment=payment, by=self.actor, **given)
        return self._told()

    @extend_schema(request=WhySerializer, responses={200: PaymentSerializer})
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: str) -> Response:
        """Lets a hold go. Gone already: the payment as it is. 409 payment_state once it was collected."""
        payment, given = self._asked(WhySerializer)
        if payment.status != Payment.Status.RELEASED:
            cashier.release(payment=payment, by=self.actor, **given)
        return self._told()

    @extend_schema(request=AmountSerializer, responses={200: PaymentSerializer}, parameters=[keys.HEADER])
    @action(detail=True, methods=["post"])
    def refund(self, request: Request, pk: str) -> Response:
        """Gives back in full or in part, within the limit of the key's role: the payment with the new refund, whose `status` says what the
        provider did. 409 key_used where the key was sent with another amount, payment_state where there is nothing to give back."""
        payment, given = self._asked(AmountSerializer)
        key = f"refund-{payment.pk}-api-{keys.of(request.headers)}"
        refunds.give(payment=payment, by=self.actor, key=key, **given)
        return self._told()

    def _asked(self, form: type[serializers.Serializer[Payment]]) -> tuple[Payment, dict[str, Any]]:
        """What cannot be seen is 404 before the body is looked at."""
        payment = self.get_object()
        asked = form(data=self.request.data)
        asked.is_valid(raise_exception=True)
        return payment, asked.validated_data

    def _told(self) -> Response:
        return Response(self.get_serializer(self.get_object()).data)
