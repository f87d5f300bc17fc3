"""Roll-ups: derived, never the truth. Deleting them costs one run of `cms.reports.tasks`."""

from django.db import models

from cms.core.fields import EnergyField, MoneyField
from cms.core.models import Visible
from stations.models import ChargingStation


class StationVisible(Visible):
    operator_path = "station__operator"


class HourlyUsage(models.Model):
    """One station, one UTC hour. Seconds are connector-seconds (two connectors make 7200 in an hour) in one of four states;
    time before a connector's first status is in none. `energy` in Wh, spread evenly over a session's charging time."""

    station = models.ForeignKey(ChargingStation, models.CASCADE, related_name="hourly_usage")
    hour = models.DateTimeField()
    charging_s = models.PositiveIntegerField(default=0)
    idle_s = models.PositiveIntegerField(default=0)  # occupied by a car that does not charge
    free_s = models.PositiveIntegerField(default=0)
    down_s = models.PositiveIntegerField(default=0)  # unreachable, faulted or out of service
    sessions = models.PositiveIntegerField(default=0)  # started in this hour
    energy = EnergyField(default=0)

    objects = StationVisible.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["station", "hour"], name="hourly_usage_unique")]
        indexes = [models.Index(fields=["hour"], name="hourly_usage_hour")]

    def __str__(self) -> str:
        return f"{self.station_id} {self.hour:%Y-%m-%d %H}h"


class DailyRevenue(models.Model):
    """CDRs (credits subtract) by the day on which the charge ended, in the operator's time zone."""

    station = models.ForeignKey(ChargingStation, models.CASCADE, related_name="daily_revenue")
    day = models.DateField()
    currency = models.CharField(max_length=3)
    cdrs = models.IntegerField(default=0)
    energy = EnergyField(default=0)
    excl_vat = MoneyField(default=0)
    incl_vat = MoneyField(default=0)

    objects = StationVisible.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["station", "day", "currency"], name="daily_revenue_unique")]
        indexes = [models.Index(fields=["day"], name="daily_revenue_day")]

    def __str__(self) -> str:
        return f"{self.station_id} {self.day}"
