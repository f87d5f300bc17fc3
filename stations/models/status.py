"""The history behind the state strips: one row per change of a connector's status."""

from django.db import models

from cms.core.models import Visible

from .station import ChargingStation


class StatusChangeQuerySet(Visible):
    operator_path = "station__operator"


class StatusChange(models.Model):
    """`evse_id` and `connector_id` are the protocol's numbers; 0/0 is the whole station. `at` is the station's clock."""

    station = models.ForeignKey(ChargingStation, models.CASCADE, related_name="status_changes")
    evse_id = models.PositiveIntegerField()
    connector_id = models.PositiveIntegerField()
    status = models.TextField()
    error_code = models.TextField(default="NoError")
    at = models.DateTimeField()
    received_at = models.DateTimeField()

    objects = StatusChangeQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["station", "at"], name="status_station_at")]

    def __str__(self) -> str:
        return f"{self.station_id}/{self.evse_id}/{self.connector_id} {self.status}"
