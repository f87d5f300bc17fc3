"""The journal: every frame as it was on the wire, written in the transaction of its effects, kept FRAME_RETENTION_DAYS."""

from django.db import models

from cms.core.models import Visible

from .station import ChargingStation


class FrameQuerySet(Visible):
    operator_path = "station__operator"


class Frame(models.Model):
    """`kind` 2 CALL, 3 CALLRESULT, 4 CALLERROR, 0 unreadable. `answer` is our answer to an incoming CALL (committed with
    it), `raw` text with a literal NUL shown as \\x00. `anomalies`: comma-separated names of what had to be repaired."""

    station = models.ForeignKey(ChargingStation, models.CASCADE, related_name="frames")
    epoch = models.BigIntegerField()
    at = models.DateTimeField()
    outgoing = models.BooleanField()
    kind = models.PositiveSmallIntegerField()
    message_id = models.TextField()
    action = models.TextField()
    raw = models.TextField()
    answer = models.TextField(default="")
    took_us = models.IntegerField(default=0)
    anomalies = models.TextField(default="")

    objects = FrameQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["station", "at"], name="frame_station_at")]

    def __str__(self) -> str:
        return f"{self.station_id} {self.action} {self.message_id}"
