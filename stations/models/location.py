"""A place with stations (OCPI Location)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from cms.core.models import Timestamped, Visible


class Location(Timestamped):
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="locations")
    name = models.CharField(_("name"), max_length=100)
    address = models.CharField(_("address"), max_length=100)
    postal_code = models.CharField(_("postal code"), max_length=10, blank=True)
    city = models.CharField(_("city"), max_length=60)
    province = models.CharField(_("province"), max_length=2, blank=True)
    country_code = models.CharField(_("country"), max_length=2, default="IT")
    latitude = models.DecimalField(_("latitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(_("longitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="Europe/Rome")
    public = models.BooleanField(_("listed publicly"), default=True)
    opening_hours = models.CharField(_("opening hours"), max_length=100, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = Visible.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="location_latitude_range",
                condition=models.Q(latitude__isnull=True) | models.Q(latitude__gte=-90, latitude__lte=90),
            ),
            models.CheckConstraint(
                name="location_longitude_range",
                condition=models.Q(longitude__isnull=True) | models.Q(longitude__gte=-180, longitude__lte=180),
            ),
        ]

    def __str__(self) -> str:
        return self.name
