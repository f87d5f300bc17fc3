"""The hardware: a ChargingStation has EVSEs, an EVSE has Connectors (OCPP 2.x three tiers; 1.6 connector n is EVSE n)."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from cms.core.models import Actor, Timestamped, Visible

from .location import Location


class SecurityProfile(models.IntegerChoices):
    """OCPP security profiles as the security white paper numbers them."""

    NONE = 0, _("0 · none (trusted network)")
    BASIC = 1, _("1 · password over ws")
    BASIC_TLS = 2, _("2 · password over wss")
    MUTUAL_TLS = 3, _("3 · client certificate")


class Subprotocol(models.TextChoices):
    """What to speak with a station that names no subprotocol in its handshake (quirk 1)."""

    NONE = "", _("Refuse it, as the standard asks")
    OCPP16 = "ocpp1.6", "OCPP 1.6"
    OCPP201 = "ocpp2.0.1", "OCPP 2.0.1"


CLOCK_ALARM_S = 60  # further off, a clock is a problem


class ClockCorrection(models.TextChoices):
    """How what its clock says is turned into UTC."""

    NONE = "", _("as it is")
    SHIFT = "shift", _("moved by a fixed time")
    LOCAL = "local", _("local time of the site")


class StationQuerySet(Visible):
    def visible_to(self, actor: Actor) -> Self:
        return super().visible_to(actor).current()

    def current(self) -> Self:
        """Without the archived ones."""
        return self.filter(archived_at__isnull=True)

    def with_wrong_clock(self) -> Self:
        """By more than a minute, corrected as they are."""
        return self.exclude(clock_offset_s=None).exclude(clock_offset_s__range=(-CLOCK_ALARM_S, CLOCK_ALARM_S))


class ChargingStation(Timestamped):
    """`identity` is the last segment of the WebSocket URL, compared exactly. `online` is true while a socket is open;
    `epoch` is that connection's fencing number. What the station says of itself (vendor …) is unbounded text.

    An archived station keeps its row for what it billed; its identity is freed by a suffix that no station can have."""

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="stations")
    location = models.ForeignKey(Location, models.PROTECT, null=True, blank=True, related_name="stations")
    identity = models.CharField(_("OCPP identity"), max_length=80)
    name = models.CharField(_("name"), max_length=100, blank=True)
    security_profile = models.PositiveSmallIntegerField(_("security profile"), choices=SecurityProfile, default=0)
    assume_subprotocol = models.CharField(
        _("if it names no protocol"), max_length=16, choices=Subprotocol, blank=True, default=Subprotocol.NONE
    )

    online = models.BooleanField(default=False)
    epoch = models.BigIntegerField(default=0)
    ocpp_version = models.CharField(
        max_length=8, blank=True, default=""
    )  # "1.6", "2.0.1", "2.1": of the latest connection
    offline_since = models.DateTimeField(null=True, blank=True)  # null before the first connection and while online
    last_seen = models.DateTimeField(null=True, blank=True)
    last_boot = models.DateTimeField(null=True, blank=True)

    vendor = models.TextField(blank=True, default="")
    model = models.TextField(blank=True, default="")
    serial_number = models.TextField(blank=True, default="")
    firmware_version = models.TextField(blank=True, default="")
    iccid = models.TextField(blank=True, default="")
    imsi = models.TextField(blank=True, default="")
    meter_type = models.TextField(blank=True, default="")
    meter_serial_number = models.TextField(blank=True, default="")
    status = models.TextField(blank=True, default="")  # of the whole station (connector 0), as the station said
    anomalies = models.PositiveIntegerField(default=0)  # frames that had to be repaired
    archived_at = models.DateTimeField(null=True, blank=True)

    # its clock as heard (diagnostics.timekeeping): how far ahead, after the correction below; the drift counts from the base
    clock_offset_s = models.BigIntegerField(null=True, blank=True)
    clock_seen_at = models.DateTimeField(null=True, blank=True)
    clock_base_s = models.BigIntegerField(null=True, blank=True)
    clock_base_at = models.DateTimeField(null=True, blank=True)
    clock_jumped_at = models.DateTimeField(null=True, blank=True)  # by an hour: it follows a summer time
    # what a person has decided about it (services.clocks)
    clock_correction = models.CharField(max_length=8, choices=ClockCorrection, blank=True, default=ClockCorrection.NONE)
    clock_shift_s = models.BigIntegerField(default=0)  # added to what it says; of SHIFT alone
    clock_corrected_at = models.DateTimeField(null=True, blank=True)
    clock_corrected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = StationQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["identity"], name="station_identity_unique")]

    @property
    def label(self) -> str:
        return self.name or self.identity

    def __str__(self) -> str:
        return self.identity


class EvseQuerySet(Visible):
    operator_path = "station__operator"


class EVSE(models.Model):
    """`uid` is the public id on the sticker (IT*ABC*E0042*1), `short_code` six characters for typing by hand."""

    station = models.ForeignKey(ChargingStation, models.PROTECT, related_name="evses")
    evse_id = models.PositiveIntegerField()
    uid = models.CharField(max_length=48, unique=True)
    short_code = models.CharField(max_length=6, unique=True)
    power_type = models.CharField(
        _("power type"), max_length=12, blank=True, default=""
    )  # OCPI PowerType: AC_1_PHASE, AC_3_PHASE, DC
    max_power_w = models.PositiveIntegerField(_("maximum power, W"), null=True, blank=True)

    objects = EvseQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["station", "evse_id"], name="evse_unique")]

    def __str__(self) -> str:
        return self.uid


class ConnectorQuerySet(Visible):
    operator_path = "evse__station__operator"


class Connector(models.Model):
    """`status` is the protocol's own word; `status_at` the station's clock, `updated_at` ours."""

    evse = models.ForeignKey(EVSE, models.PROTECT, related_name="connectors")
    connector_id = models.PositiveIntegerField()
    standard = models.CharField(
        _("plug"), max_length=32, blank=True, default=""
    )  # OCPI ConnectorType, e.g. IEC_62196_T2
    status = models.TextField(default="")
    error_code = models.TextField(default="NoError")
    vendor_error_code = models.TextField(blank=True, default="")
    info = models.TextField(blank=True, default="")
    status_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(null=True, blank=True)

    objects = ConnectorQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["evse", "connector_id"], name="connector_unique")]

    def __str__(self) -> str:
        return f"{self.evse} · {self.connector_id}"
