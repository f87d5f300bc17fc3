"""/plans/ and /subscriptions/: what is sold by the month, and who has it; people choose on the pages, a help desk pauses and cancels."""

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.numbers import Amount
from billing.models import Plan, PlanVersion, Subscription
from billing.selectors import plans as selectors
from billing.services.recurring import collecting, plans, subscriptions
from cms.core import energy, rest


class PlanSerializer(serializers.ModelSerializer[Plan]):
    """The version that is sold now; null in `version` and the members after it before the first one is."""

    version = serializers.SerializerMethodField()
    monthly_fee = serializers.SerializerMethodField()
    currency = serializers.SerializerMethodField()
    vat_rate = serializers.SerializerMethodField()
    included_wh = serializers.SerializerMethodField()
    included_s = serializers.SerializerMethodField()

    class Meta:
        model = Plan
        fields = [
            "id", "name", "version", "monthly_fee", "currency", "vat_rate", "included_wh", "included_s", "archived_at",
            "created_at",
        ]  # fmt: skip

    def get_version(self, plan: Plan) -> int | None:
        return version.number if (version := self._sold(plan)) else None

    @extend_schema_field({"type": ["string", "null"]})
    def get_monthly_fee(self, plan: Plan) -> str | None:
        return Amount().to_representation(version.monthly_fee) if (version := self._sold(plan)) else None

    def get_currency(self, plan: Plan) -> str | None:
        return version.currency if (version := self._sold(plan)) else None

    @extend_schema_field({"type": ["string", "null"]})
    def get_vat_rate(self, plan: Plan) -> str | None:
        return str(version.vat_rate) if (version := self._sold(plan)) else None

    def get_included_wh(self, plan: Plan) -> int | None:
        return energy.whole_wh(version.included_energy) if (version := self._sold(plan)) else None

    def get_included_s(self, plan: Plan) -> int | None:
        return version.included_seconds if (version := self._sold(plan)) else None

    def _sold(self, plan: Plan) -> PlanVersion | None:
        known: dict[int, PlanVersion | None] = self.context["sold"]
        if plan.pk not in known:
            known[plan.pk] = plans.current(plan)
        return known[plan.pk]


class SubscriptionSerializer(serializers.ModelSerializer[Subscription]):
    """Days are the operator's; ends are exclusive. What is included and used belongs to the month that runs, null without one."""

    plan = serializers.CharField(source="version.plan.name")
    version = serializers.IntegerField(source="version.number")
    driver = serializers.EmailField(source="driver.user.email")
    included_wh = serializers.SerializerMethodField()
    used_wh = serializers.SerializerMethodField()
    included_s = serializers.SerializerMethodField()
    used_s = serializers.SerializerMethodField()

    class Meta:
        model = Subscription
        fields = [
            "id", "plan", "version", "driver", "status", "period_start", "period_end", "cancel_on", "pause_from", "pause_until",
            "included_wh", "used_wh", "included_s", "used_s", "started_at", "ended_at", "created_at", "updated_at",
        ]  # fmt: skip

    def get_included_wh(self, row: Subscription) -> int | None:
        return energy.whole_wh(meter.energy) if (meter := self._meter(row)) else None

    def get_used_wh(self, row: Subscription) -> int | None:
        return energy.whole_wh(meter.energy_used) if (meter := self._meter(row)) else None

    def get_included_s(self, row: Subscription) -> int | None:
        return meter.seconds if (meter := self._meter(row)) else None

    def get_used_s(self, row: Subscription) -> int | None:
        return meter.seconds_used if (meter := self._meter(row)) else None

    def _meter(self, row: Subscription) -> Any:
        return self.context["meters"].get(row.pk)


class PauseSerializer(serializers.Serializer[Subscription]):
    months = serializers.IntegerField(min_value=1, max_value=subscriptions.MOST_PAUSE)


class SubscriptionFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=Subscription.Status.choices)
    plan = django_filters.CharFilter(field_name="version__plan__name")


class Plans(rest.Resource):
    """What is sold by the month, newest first."""

    queryset = Plan.objects.all()
    serializer_class = PlanSerializer
    reads = "subscription.view"
    lookup_value_regex = "[0-9]{1,18}"

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "sold": {}}

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(self.get_serializer(self.get_object()).data)


class Subscriptions(rest.Resource):
    """Who has a plan, newest first; ended ones too."""

    queryset = Subscription.objects.exclude(status=Subscription.Status.STARTING).select_related(
        "driver__user", "version__plan", "next_version__plan"
    )
    serializer_class = SubscriptionSerializer
    filterset_class = SubscriptionFilter
    reads = "subscription.view"
    rights = dict.fromkeys(("pause", "resume", "cancel"), "subscription.edit")
    lookup_value_regex = "[0-9]{1,18}"

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response(self._told(page))

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(self._told([self.get_object()])[0])

    @extend_schema(request=PauseSerializer, responses={200: SubscriptionSerializer})
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """From the end of the month that is paid for, 1 to 3 months long. 409 not_active."""
        row = self.get_object()
        asked = PauseSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        subscriptions.pause(subscription=row, for_months=asked.validated_data["months"], by=self.actor)
        return self.retrieve(request, pk)

    @extend_schema(request=None, responses={200: SubscriptionSerializer})
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """No pause after all, or a month that begins today and is collected from the saved card."""
        fee = subscriptions.resume(subscription=self.get_object(), by=self.actor)
        if fee is not None:
            collecting.collect_renewal(fee_id=fee.pk)
        return self.retrieve(request, pk)

    @extend_schema(request=None, responses={200: SubscriptionSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """At the end of the month that is paid for. Cancelled already: as it is."""
        subscriptions.cancel(subscription=self.get_object(), by=self.actor)
        return self.retrieve(request, pk)

    def _told(self, rows: Any) -> Any:
        meters = {one.subscription.pk: one.meter for one in selectors.with_meters(list(rows))}
        context = {**self.get_serializer_context(), "meters": meters}
        return SubscriptionSerializer(rows, many=True, context=context).data
