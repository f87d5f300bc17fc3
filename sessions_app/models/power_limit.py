"""How much may flow at a station or one of its EVSEs, as a person wished, and what the station made of it."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cms.core.models import Timestamped, Visible
from stations.models import ChargingStation, Command


class PowerLimitQuerySet(Visible):
    operator_path = "station__operator"

    def live(self) -> Self:
        return self.filter(ended_at=None)


class PowerLimit(Timestamped):
    """`limit_w` was wished for, `given_w` is what the station was told (a model that cannot pause gets 6 A instead of nothing).

    `evse_id` 0: the whole station. `variant` is how it is being said (smart_charging.variants), `tried` a JSON list of
    [variant, given_w, outcome]. `command` is the one whose answer is awaited, `asking` what it is for; without one the sweep asks
    again. `proved_at`: when the station's own schedule or its readings last showed that it obeys."""

    class Status(models.TextChoices):
        TRYING = "trying", pgettext_lazy("power limit", "being sent")
        CHECKING = "checking", pgettext_lazy("power limit", "accepted, being checked")
        PROMISED = "promised", pgettext_lazy("power limit", "accepted, not proved yet")
        HOLDS = "holds", pgettext_lazy("power limit", "obeyed")
        REFUSED = "refused", pgettext_lazy("power limit", "refused")
        IGNORED = "ignored", pgettext_lazy("power limit", "accepted, but not obeyed")
        LIFTING = "lifting", pgettext_lazy("power limit", "being lifted")
        ENDED = "ended", pgettext_lazy("power limit", "lifted")

    class Asking(models.TextChoices):
        SET = "set"
        CHECK = "check"
        CLEAR = "clear"
        CLEARED = "cleared"  # what holds after the profile was cleared?
        OPEN = "open"  # the same profile without a limit, where clearing did nothing

    station = models.ForeignKey(ChargingStation, models.CASCADE, related_name="power_limits")
    evse_id = models.PositiveIntegerField(default=0)
    limit_w = models.PositiveIntegerField(_("limit, W"))
    given_w = models.PositiveIntegerField()
    until = models.DateTimeField(_("until"), null=True, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=10, choices=Status, default=Status.TRYING)
    asking = models.CharField(max_length=8, choices=Asking, default=Asking.SET)
    command = models.ForeignKey(Command, models.SET_NULL, null=True, blank=True, related_name="+")
    variant = models.TextField(blank=True, default="")
    tried = models.TextField(default="[]")
    transaction_id = models.TextField(blank=True, default="")
    accepted_at = models.DateTimeField(null=True, blank=True)
    proved_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = PowerLimitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["station", "evse_id"], condition=Q(ended_at=None), name="power_limit_one_per_place"
            )
        ]

    @property
    def profile_id(self) -> int:
        """Far from the ids that people give to profiles of their own."""
        return 1_000_000_000 + self.pk

    def __str__(self) -> str:
        return f"{self.station_id}/{self.evse_id} ≤ {self.limit_w} W ({self.status})"


class PowerHabit(Timestamped):
    """How the stations of one make take a limit: learned from one, tried first on the next."""

    class Pause(models.TextChoices):
        UNKNOWN = ""
        ZERO = "zero"  # a limit of 0 pauses the charge
        LEAST = "least"  # refuses 0: the least is 6 A per phase
        STOPS = "stops"  # a limit of 0 ends the charge

    vendor = models.TextField()
    model = models.TextField()
    firmware = models.TextField()
    variant = models.TextField(blank=True, default="")
    pause = models.CharField(max_length=5, choices=Pause, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["vendor", "model", "firmware"], name="power_habit_unique")]

    def __str__(self) -> str:
        return f"{self.vendor} {self.model} {self.firmware}"
