"""Drivers who are treated alike: a group may have a price of its own."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cms.core.models import Timestamped, Visible

from .driver import Driver
from .operator import Operator


class DriverGroup(Timestamped):
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="driver_groups")
    name = models.CharField(_("name"), max_length=100)
    drivers = models.ManyToManyField(Driver, related_name="groups", blank=True)

    objects = Visible.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["operator", "name"], name="driver_group_unique")]

    def __str__(self) -> str:
        return self.name
