"""The station's Basic-auth secret. A station's password is random and long, so one salted SHA-256 is enough and cheap
at a reconnect storm (architecture §5, performance.md 6)."""

from django.db import models

from .station import ChargingStation


class StationCredential(models.Model):
    station = models.OneToOneField(ChargingStation, models.CASCADE, related_name="credential")
    salt = models.CharField(max_length=32)
    digest = models.CharField(max_length=64)
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"credential of {self.station_id}"
