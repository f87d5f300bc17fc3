"""Stations whose QR code changes: what it is made of, and which of its codes have been used."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cms.core.models import Timestamped, Visible

from .station import EVSE, ChargingStation


class DynamicCodeQuerySet(Visible):
    operator_path = "station__operator"


class DynamicCode(Timestamped):
    """As the station's WebPaymentsCtrlr has it (OCPP 2.1). `secret` is sealed (stations.services.dynamic_codes)."""

    station = models.OneToOneField(ChargingStation, models.CASCADE, related_name="dynamic_code")
    secret = models.TextField()
    validity_s = models.PositiveIntegerField(_("valid for"), default=60)
    length = models.PositiveSmallIntegerField(_("characters"), default=8)

    objects = DynamicCodeQuerySet.as_manager()

    def __str__(self) -> str:
        return f"changing code of {self.station_id}"


class UsedCode(models.Model):
    """The newest interval whose code somebody paid with: that one and those before are spent."""

    evse = models.OneToOneField(EVSE, models.CASCADE, related_name="used_code")
    interval = models.BigIntegerField(default=-1)

    def __str__(self) -> str:
        return f"{self.evse_id} up to {self.interval}"
