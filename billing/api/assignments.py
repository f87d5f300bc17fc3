"""/tariffs/{id}/assignments/: where and for whom a tariff holds, now and from a later moment on."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.models import DriverGroup, Operator
from billing.api.numbers import Known
from billing.models import Plan, TariffAssignment
from stations.models import EVSE, ChargingStation, Location

Row = TypeVar("Row", bound=Model)


class AssignmentSerializer(Known):
    """At most one of `location`, `station`, `evse` (its public uid) and at most one of `plan`, `driver_group`, `partner`, `ad_hoc`;
    without any it is everybody's price everywhere. Which of several wins: docs/decisions/0018. From `valid_until` on the scope has
    what it would have had without this."""

    id = serializers.IntegerField(read_only=True)
    location = serializers.IntegerField(required=False, allow_null=True, default=None, source="location_id")
    station = serializers.IntegerField(required=False, allow_null=True, default=None, source="station_id")
    evse = serializers.CharField(required=False, allow_null=True, default=None, max_length=48, source="evse.uid")
    power_type = serializers.ChoiceField(
        choices=TariffAssignment.PowerType.choices, required=False, allow_blank=True, default=""
    )
    plan = serializers.IntegerField(required=False, allow_null=True, default=None, source="plan_id")
    driver_group = serializers.IntegerField(required=False, allow_null=True, default=None, source="driver_group_id")
    partner = serializers.CharField(required=False, allow_blank=True, default="", max_length=12)
    ad_hoc = serializers.BooleanField(required=False, default=False)
    valid_from = serializers.DateTimeField(required=False)
    valid_until = serializers.DateTimeField(required=False, allow_null=True, write_only=True)


def as_json(row: TariffAssignment) -> dict[str, Any]:
    whole = AssignmentSerializer(row).data
    return {**whole, "evse": row.evse.uid if row.evse else None}


def scope(data: Any, operator: Operator) -> dict[str, Any]:
    """What `services.tariffs.assign` takes. Raises ValidationError, for rows of others as for none at all."""
    asked = AssignmentSerializer(data=data)
    asked.is_valid(raise_exception=True)
    given = dict(asked.validated_data)
    mine: dict[str, tuple[str, QuerySet[Any]]] = {
        "location": ("location_id", Location.objects.filter(operator=operator)),
        "station": ("station_id", ChargingStation.objects.filter(operator=operator)),
        "plan": ("plan_id", Plan.objects.filter(operator=operator)),
        "driver_group": ("driver_group_id", DriverGroup.objects.filter(operator=operator)),
    }
    found = {name: optional(name, given.pop(key), rows, "pk") for name, (key, rows) in mine.items()}
    uid = given.pop("evse", {}).get("uid")
    return {**given, **found, "evse": optional("evse", uid, EVSE.objects.filter(station__operator=operator), "uid")}


def optional(name: str, wanted: Any, rows: "QuerySet[Row]", key: str) -> "Row | None":
    return None if wanted is None else row(name, wanted, rows, key)


def row(name: str, wanted: Any, rows: "QuerySet[Row]", key: str) -> "Row":
    """Raises ValidationError where there is none."""
    found = rows.filter(**{key: wanted}).first() if not isinstance(wanted, int) or abs(wanted) < 2**63 else None
    if found is None:
        raise serializers.ValidationError({name: [_("There is no such entry.")]})
    return found
