"""OCPI-shaped tariffs. A version is immutable: what a session was priced with can be read for ever."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from cms.core.fields import MoneyField
from cms.core.models import Immutable, Timestamped, Visible
from stations.models import Location


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


class TariffVersionQuerySet(Visible):
    operator_path = "tariff__operator"


class TariffVersion(Immutable):
    """`elements` is JSON text of OCPI 2.2.1 tariff elements (`vat` on each price component), numbers exact.
    Valid for sessions that start at or after `valid_from`, until the tariff's next version."""

    tariff = models.ForeignKey(Tariff, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    currency = models.CharField(max_length=3, default="EUR")
    tax_included = models.BooleanField(default=True)
    elements = models.TextField()
    min_price = MoneyField(null=True, blank=True)
    max_price = MoneyField(null=True, blank=True)
    valid_from = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TariffVersionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tariff", "number"], name="tariff_version_unique")]

    def __str__(self) -> str:
        return f"{self.tariff} v{self.number}"


class TariffAssignment(Immutable):
    """From `valid_from` on, `tariff` is the location's (or, without a location, the operator's default). A location without
    a tariff of its own has the default again."""

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="tariff_assignments")
    location = models.ForeignKey(Location, models.PROTECT, null=True, blank=True, related_name="tariff_assignments")
    tariff = models.ForeignKey(Tariff, models.PROTECT, null=True, blank=True, related_name="assignments")
    valid_from = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = Visible.as_manager()

    class Meta:
        indexes = [models.Index(fields=["operator", "location", "-valid_from"], name="tariff_assignment_newest")]

    def __str__(self) -> str:
        return f"{self.location_id or 'default'} → {self.tariff_id}"
