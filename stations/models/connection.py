"""When a station was connected, to which gateway process; and which of these processes are alive."""

from django.db import models

from cms.core.models import Visible

from .station import ChargingStation


class ConnectionPeriodQuerySet(Visible):
    operator_path = "station__operator"


class ConnectionPeriod(models.Model):
    station = models.ForeignKey(ChargingStation, models.CASCADE, related_name="connection_periods")
    epoch = models.BigIntegerField()
    version = models.CharField(max_length=8)
    gateway = models.CharField(max_length=64)
    remote = models.CharField(max_length=64, blank=True)
    connected_at = models.DateTimeField()
    disconnected_at = models.DateTimeField(null=True, blank=True)

    objects = ConnectionPeriodQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["station", "epoch"], name="connection_epoch_unique")]
        indexes = [
            models.Index(fields=["station", "connected_at"], name="connection_station_at"),
            models.Index(fields=["gateway"], name="connection_open", condition=models.Q(disconnected_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.station_id} #{self.epoch}"


class Gateway(models.Model):
    """A process that holds stations' sockets. One that has not said for a minute that it is alive has lost them all."""

    name = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    alive_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name"], name="gateway_unique")]

    def __str__(self) -> str:
        return self.name
