"""Knocks that were refused: the adoption list. Shows technicians why a station does not come in."""

from django.db import models


class UnknownStation(models.Model):
    """One row per identity and reason; identities are what a stranger typed, so they are escaped wherever shown."""

    identity = models.TextField()
    reason = models.TextField()
    remote = models.TextField(blank=True, default="")
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["identity", "reason"], name="unknown_station_unique")]

    def __str__(self) -> str:
        return self.identity
