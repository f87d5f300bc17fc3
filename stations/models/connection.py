"""When a station was connected, to which gateway process."""

from django.db import models

from .station import ChargingStation


class ConnectionPeriod(models.Model):
    station = models.ForeignKey(ChargingStation, models.CASCADE, related_name="connection_periods")
    epoch = models.BigIntegerField()
    version = models.CharField(max_length=8)
    gateway = models.CharField(max_length=64)
    remote = models.CharField(max_length=64, blank=True)
    connected_at = models.DateTimeField()
    disconnected_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["station", "epoch"], name="connection_epoch_unique")]
        indexes = [models.Index(fields=["station", "connected_at"], name="connection_station_at")]

    def __str__(self) -> str:
        return f"{self.station_id} #{self.epoch}"
