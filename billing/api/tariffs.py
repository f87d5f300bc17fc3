"""/tariffs/ (api-contract §9): a change makes a new version; running sessions keep theirs."""

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from django.db.models import Prefetch
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing import pricing
from billing.api import assignments
from billing.api.assignments import AssignmentSerializer
from billing.api.numbers import amount, quantity
from billing.api.tariff_shapes import (
    PRICED,
    AssignSerializer,
    CancelSerializer,
    QuoteSerializer,
    TariffSerializer,
    UnassignSerializer,
    VersionSerializer,
)
from billing.models import Tariff, TariffAssignment, TariffVersion
from billing.selectors import calendars
from billing.services.prices import assigning, tariffs
from billing.tariffs.periods import Period, State
from billing.tariffs.trace import Trace, TraceLine, vat_json
from cms.core import rest

_LONGEST = timedelta(days=366)


class Tariffs(rest.Resource):
    """Tariffs with their newest version, which may begin later, newest first. POST makes one (the first becomes the default), PATCH and
    PUT a new version, from `valid_from` on."""

    queryset = Tariff.objects.offered().prefetch_related(
        Prefetch("versions", TariffVersion.objects.standing().order_by("-number"))
    )
    serializer_class = TariffSerializer
    reads = "tariff.view"
    writes = "tariff.edit"
    rights = {"quote": "tariff.view", "assign": "tariff.edit", "unassign": "tariff.edit", "cancel": "tariff.edit"}

    def get_object(self) -> Tariff:
        if not self.kwargs["pk"].isascii() or not self.kwargs["pk"].isdecimal() or len(self.kwargs["pk"]) > 18:
            raise Http404
        return _with_newest(super().get_object())

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        return self.get_paginated_response(self.get_serializer([_with_newest(row) for row in page], many=True).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(self.get_serializer(self.get_object()).data)

    def create(self, request: Request) -> Response:
        operator = self.actor.operator
        version = tariffs.create(operator=operator, by=self.actor, **self._read(request))
        return self.created(self._again(version.tariff))

    def update(self, request: Request, pk: str) -> Response:
        """Replaces: what is left out gets its default."""
        defaults = {
            "currency": self.actor.operator.currency,
            "tax_included": True,
            "min_price": None,
            "max_price": None,
        }
        return self._changed(defaults | self._read(request))

    def partial_update(self, request: Request, pk: str) -> Response:
        return self._changed(self._read(request, partial=True))

    @extend_schema(request=QuoteSerializer, responses={200: PRICED})
    @action(detail=True, methods=["post"])
    def quote(self, request: Request, pk: str) -> Response:
        """What these periods would cost, as it would be billed, by the version valid at `started_at` (else the newest)."""
        tariff = self.get_object()
        asked = QuoteSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        started_at = asked.validated_data["started_at"]
        valid = [version for version in tariff.versions.all() if version.valid_from <= started_at]
        valid.sort(key=lambda version: (version.valid_from, version.number), reverse=True)
        zone = pricing.zone(self.actor.operator.time_zone)
        periods = _periods(started_at, asked.validated_data["periods"])
        version = (valid or [tariff.newest])[0]  # type: ignore[attr-defined]
        holidays = calendars.Calendar(self.actor.operator.country_code)
        return Response(priced(pricing.quote(version, periods, zone, holidays=holidays)))

    @extend_schema(request=AssignSerializer, responses={200: TariffSerializer})
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: str) -> Response:
        """From now on the tariff of this location; without a location, the operator's default."""
        tariff = self.get_object()
        asked = AssignSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        number = asked.validated_data["location"]
        location = self.actor.operator.locations.filter(pk=number).first() if number is not None else None
        if number is not None and location is None:
            raise serializers.ValidationError({"location": [_("There is no such location.")]})
        assigning.assign(tariff=tariff, operator=self.actor.operator, location=location, by=self.actor)
        return Response(self.get_serializer(tariff).data)

    @extend_schema(methods=["GET"], responses={200: AssignmentSerializer(many=True)})
    @extend_schema(methods=["POST"], request=AssignmentSerializer, responses={201: AssignmentSerializer})
    @action(detail=True, methods=["get", "post"])
    def assignments(self, request: Request, pk: str) -> Response:
        """Where and for whom this tariff holds, was assigned and will hold, the newest first. POST assigns it, from now on or
        from `valid_from`."""
        tariff = self.get_object()
        if request.method == "GET":
            rows = TariffAssignment.objects.filter(tariff=tariff).select_related("evse").order_by("-valid_from", "-pk")
            page = self.paginate_queryset(rows) or []
            return self.get_paginated_response([assignments.as_json(row) for row in page])
        wanted = assignments.scope(request.data, self.actor.operator)
        made = assigning.assign(tariff=tariff, operator=self.actor.operator, by=self.actor, **wanted)
        return Response(assignments.as_json(made), status=201)

    @extend_schema(request=UnassignSerializer, responses={200: AssignmentSerializer})
    @action(detail=True, methods=["post"])
    def unassign(self, request: Request, pk: str) -> Response:
        """Ends an `assignment` of this tariff, from `at` (now) on: the next best price holds there. One that has not begun is called
        off where no `at` is given."""
        mine = TariffAssignment.objects.filter(tariff=self.get_object()).select_related("operator", "evse")
        asked = UnassignSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        row = assignments.row("assignment", asked.validated_data["assignment"], mine, "pk")
        assigning.end(row=row, at=asked.validated_data["at"], by=self.actor)
        return Response(assignments.as_json(row))

    @extend_schema(responses={200: VersionSerializer(many=True)})
    @action(detail=True, methods=["get"])
    def versions(self, request: Request, pk: str) -> Response:
        """All that were ever published, the newest first. None ever changes."""
        found = TariffVersion.objects.filter(tariff=self.get_object()).order_by("-number")
        page = self.paginate_queryset(found) or []
        return self.get_paginated_response(VersionSerializer(page, many=True).data)

    @extend_schema(request=CancelSerializer, responses={200: TariffSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """A version that has not begun never will."""
        tariff = self.get_object()
        asked = CancelSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        known = TariffVersion.objects.filter(tariff=tariff).select_related("tariff__operator")
        version = assignments.row("version", asked.validated_data["version"], known, "number")
        tariffs.cancel(version=version, by=self.actor)
        return Response(self.get_serializer(self._again(tariff)).data)

    def _changed(self, terms: dict[str, Any]) -> Response:
        tariff = self.get_object()
        if terms.get("valid_from") == tariff.newest.valid_from:  # type: ignore[attr-defined]  # sent back as it came
            del terms["valid_from"]
        tariffs.change(tariff=tariff, by=self.actor, **terms)
        return Response(self.get_serializer(self._again(tariff)).data)

    def _again(self, tariff: Tariff) -> Tariff:
        return _with_newest(self.get_queryset().get(pk=tariff.pk))

    def _read(self, request: Request, *, partial: bool = False) -> dict[str, Any]:
        serializer = self.get_serializer(data=request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        given = dict(serializer.validated_data)
        return given | given.pop("newest", {})


def _with_newest(tariff: Tariff) -> Tariff:
    tariff.newest = tariff.versions.all()[0]  # type: ignore[attr-defined]
    return tariff


def _periods(started_at: datetime, given: list[dict[str, Any]]) -> list[Period]:
    """In a row from `started_at`: each charges, then parks. Raises ValidationError for one that begins inside another."""
    periods = [Period(started_at, started_at)]
    for place, entry in enumerate(given):
        start = entry.get("start", periods[-1].end)
        if start < periods[-1].end:
            raise _wrong(place, _("This begins before the previous period has ended."))
        if start - started_at > _LONGEST:
            raise _wrong(place, _("A charge of more than a year cannot be priced."))
        full = start + timedelta(seconds=entry["charging_seconds"])
        power = None if entry["power_kw"] is None else entry["power_kw"] * 1000
        periods.append(Period(start, full, State.CHARGING, entry["energy_kwh"] * 1000, power))
        if entry["parking_seconds"]:
            periods.append(Period(full, full + timedelta(seconds=entry["parking_seconds"]), State.PARKING))
    return periods


def _wrong(place: int, sentence: str) -> serializers.ValidationError:
    return serializers.ValidationError({"periods": [f"{place}.start: {sentence}"]})


def priced(cost: Trace) -> dict[str, Any]:
    return {
        "currency": cost.currency,
        "total_excl_vat": str(cost.excl_vat),
        "vat": str(cost.vat),
        "total_incl_vat": str(cost.incl_vat),
        "lines": [line(entry) for entry in cost.lines],
        "vat_summary": [vat_json(row) for row in cost.vat_rows],
    }


def line(entry: TraceLine) -> dict[str, Any]:
    """`quantity` and `unit_price` in `unit` (kWh, h, 1); limits and rounding have no quantity of their own."""
    priced_once = entry.dimension is None
    return {
        "dimension": entry.kind.name if entry.dimension is None else entry.dimension.value,
        "quantity": "1" if priced_once else quantity(entry.quantity),
        "unit": entry.unit or "1",
        "unit_price": amount(Fraction(entry.amount) if priced_once else entry.unit_price),
        "amount": str(entry.amount),
        "vat_rate": None if entry.vat is None else quantity(entry.vat),
        "tariff_element": entry.element,
        "from": entry.start,
        "to": entry.end,
        "why": entry.why,
    }
