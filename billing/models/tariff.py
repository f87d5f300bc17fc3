"""OCPI-shaped tariffs. A version is immutable: what a session was priced with can be read for ever."""

from functools import reduce
from operator import and_
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import DriverGroup, Operator, User
from cms.core.fields import MoneyField
from cms.core.models import Immutable, Timestamped, Visible
from sessions_app.models import ChargingSession
from stations.models import EVSE, ChargingStation, Location


class TariffQuerySet(Visible):
    def offered(self) -> "TariffQuerySet":
        return self.filter(archived_at=None)


class Tariff(Timestamped):
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="tariffs")
    name = models.CharField(_("name"), max_length=100)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = TariffQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class Written(Visible):
    """Rows of an Immutable: neither changed nor deleted in bulk either, but for the columns that are `free`."""

    free: frozenset[str] = frozenset()

    def update(self, **values: Any) -> int:
        if set(values) - self.free:
            raise TypeError(f"{self.model.__name__} is immutable")
        return super().update(**values)

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        raise TypeError(f"{self.model.__name__} is immutable")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError(f"{self.model.__name__} stays")


class Kept(Immutable):
    """Neither changed nor deleted: charges refer to it for years."""

    class Meta:
        abstract = True

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError(f"{type(self).__name__} {self.pk} stays")


class TariffVersionQuerySet(Written):
    operator_path = "tariff__operator"
    free = frozenset({"cancelled_at", "cancelled_by"})

    def standing(self) -> "TariffVersionQuerySet":
        """Not cancelled."""
        return self.filter(cancelled_at=None)


class TariffVersion(Kept):
    """`elements` is JSON text of OCPI 2.2.1 tariff elements (`vat` on each price component), numbers exact.
    Valid for sessions that start at or after `valid_from`, until the tariff's next version. Only a version that has not begun may
    be `cancelled_at`: then it is nowhere valid and stays to be read. `by` published it, None: the system itself."""

    tariff = models.ForeignKey(Tariff, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    currency = models.CharField(max_length=3, default="EUR")
    tax_included = models.BooleanField(default=True)
    elements = models.TextField()
    min_price = MoneyField(null=True, blank=True)
    max_price = MoneyField(null=True, blank=True)
    valid_from = models.DateTimeField()
    by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TariffVersionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tariff", "number"], name="tariff_version_unique")]

    def __str__(self) -> str:
        return f"{self.tariff} v{self.number}"


def _at_most_one(*references: str, **empty: object) -> Q:
    """The references are null and the others have their empty value, but for one of them."""
    unset = [Q(**{f"{name}__isnull": True}) for name in references] + [
        Q(**{name: value}) for name, value in empty.items()
    ]
    allowed = Q()
    for spared in unset:
        allowed |= reduce(and_, (condition for condition in unset if condition is not spared))
    return allowed


class TariffAssignment(Kept):
    """From `valid_from` on, `tariff` is the price of a place for somebody. Without a tariff the row ends what stood before it:
    the next best assignment counts again. `billing.pricing` says which of several wins (docs/decisions/0018).

    Place: at most one of location, station and EVSE, none for everywhere; `power_type` (OCPI PowerType) narrows it. Who: at most
    one of `plan`, `driver_group`, `partner` (roaming party, IT*ABC) and `ad_hoc` (nobody we know), none for everybody.
    """

    class PowerType(models.TextChoices):
        AC_1_PHASE = "AC_1_PHASE", _("AC, single-phase")
        AC_3_PHASE = "AC_3_PHASE", _("AC, three-phase")
        DC = "DC", _("DC")

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="tariff_assignments")
    location = models.ForeignKey(Location, models.PROTECT, null=True, blank=True, related_name="tariff_assignments")
    station = models.ForeignKey(
        ChargingStation, models.PROTECT, null=True, blank=True, related_name="tariff_assignments"
    )
    evse = models.ForeignKey(EVSE, models.PROTECT, null=True, blank=True, related_name="tariff_assignments")
    power_type = models.CharField(_("power type"), max_length=12, blank=True, default="", choices=PowerType)
    plan = models.ForeignKey("billing.Plan", models.PROTECT, null=True, blank=True, related_name="tariff_assignments")
    driver_group = models.ForeignKey(
        DriverGroup, models.PROTECT, null=True, blank=True, related_name="tariff_assignments"
    )
    partner = models.CharField(_("roaming partner"), max_length=12, blank=True, default="")
    ad_hoc = models.BooleanField(_("without an account"), default=False)
    tariff = models.ForeignKey(Tariff, models.PROTECT, null=True, blank=True, related_name="assignments")
    valid_from = models.DateTimeField()
    by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = Written.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=_at_most_one("location", "station", "evse"), name="tariff_assignment_one_place"
            ),
            models.CheckConstraint(
                condition=_at_most_one("plan", "driver_group", partner="", ad_hoc=False),
                name="tariff_assignment_one_kind",
            ),
        ]
        indexes = [models.Index(fields=["operator", "location", "-valid_from"], name="tariff_assignment_newest")]

    def __str__(self) -> str:
        return f"{self.location_id or 'default'} → {self.tariff_id}"


class SessionPrice(models.Model):
    """The price a session began with, written at its start and kept: assignments, groups and plans may change while it runs.

    `at` is the moment that was looked up: when a remote start was asked for (`asked`), else when the session began. `who` and `place` are
    what it was looked up by (JSON text, `billing.pricing.Who` and `Place`); without an assignment nobody had set a price.
    """

    session = models.OneToOneField(ChargingSession, models.CASCADE, primary_key=True, related_name="price")
    at = models.DateTimeField()
    asked = models.BooleanField(default=False)
    assignment = models.ForeignKey(TariffAssignment, models.PROTECT, null=True, blank=True, related_name="+")
    version = models.ForeignKey(TariffVersion, models.PROTECT, null=True, blank=True, related_name="+")
    who = models.TextField()
    place = models.TextField()

    def __str__(self) -> str:
        return f"price of {self.session_id}"
