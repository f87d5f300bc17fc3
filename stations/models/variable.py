"""The device model of 2.x; 1.6 configuration keys live here too (component "", variable = key)."""

from django.db import models

from cms.core.models import Visible

from .station import ChargingStation


class VariableQuerySet(Visible):
    operator_path = "station__operator"


class Variable(models.Model):
    station = models.ForeignKey(ChargingStation, models.CASCADE, related_name="variables")
    component = models.TextField(blank=True, default="")
    component_instance = models.TextField(blank=True, default="")
    evse_id = models.PositiveIntegerField(default=0)
    connector_id = models.PositiveIntegerField(default=0)
    name = models.TextField()
    instance = models.TextField(blank=True, default="")
    attribute = models.TextField(default="Actual")
    value = models.TextField(null=True, blank=True)
    readonly = models.BooleanField(null=True)
    data_type = models.TextField(blank=True, default="")
    updated_at = models.DateTimeField()

    objects = VariableQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "station",
                    "component",
                    "component_instance",
                    "evse_id",
                    "connector_id",
                    "name",
                    "instance",
                    "attribute",
                ],
                name="variable_unique",
            )
        ]

    def __str__(self) -> str:
        return f"{self.component}.{self.name}".lstrip(".")
