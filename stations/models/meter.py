"""The public key of a meter that signs what it measured. A replaced meter has another key; old charges keep theirs."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cms.core.models import Timestamped, Visible

from .station import EVSE


class MeterKeyQuerySet(Visible):
    operator_path = "evse__station__operator"


class MeterKey(Timestamped):
    """`public_key` as printed on the meter (DER or X‖Y, hexadecimal or Base64), never taken from the wire. It counts for
    charges that begin at `valid_from` or later, until the next one does; of two from the same moment the later row counts."""

    evse = models.ForeignKey(EVSE, models.PROTECT, related_name="meter_keys")
    public_key = models.TextField(_("public key"))
    meter_serial = models.CharField(_("serial number of the meter"), max_length=64, blank=True, default="")
    valid_from = models.DateTimeField(_("valid from"))
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    objects = MeterKeyQuerySet.as_manager()

    class Meta:
        ordering = ("-valid_from", "-pk")

    def __str__(self) -> str:
        return f"{self.evse} · {self.public_key[-8:]}"
