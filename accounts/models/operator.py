"""The company that runs stations (OCPI party with role CPO), and who works for it."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cms.core.models import Actor, Timestamped


class Role(models.TextChoices):
    OWNER = "owner", _("owner")
    MANAGER = "manager", _("manager")
    SUPPORT = "support", _("support")
    ACCOUNTANT = "accountant", _("accountant")
    TECHNICIAN = "technician", _("technician")
    HOST = "host", _("site host")


class OperatorQuerySet(models.QuerySet["Operator"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(pk__in=actor.operator_ids())


class Operator(Timestamped):
    """`party_id` is the three characters of EVSE ids (IT*<party>*E…). The legal entity is needed before the first invoice."""

    slug = models.SlugField(_("short name"), unique=True)
    name = models.CharField(_("name"), max_length=100)
    country_code = models.CharField(_("country code"), max_length=2, default="IT")
    party_id = models.CharField(_("party id"), max_length=3)
    language = models.CharField(_("language"), max_length=5, default="it")
    time_zone = models.CharField(_("time zone"), max_length=64, default="Europe/Rome")
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    support_phone = models.CharField(_("support phone"), max_length=32, blank=True)
    support_email = models.EmailField(_("support e-mail"), blank=True)

    legal_name = models.CharField(_("legal name"), max_length=80, blank=True)
    vat_number = models.CharField(_("VAT number"), max_length=14, blank=True)
    fiscal_code = models.CharField(_("fiscal code"), max_length=16, blank=True)
    address = models.CharField(_("address"), max_length=60, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=10, blank=True)
    city = models.CharField(_("city"), max_length=60, blank=True)
    province = models.CharField(_("province"), max_length=2, blank=True)
    tax_regime = models.CharField(_("tax regime"), max_length=4, default="RF01")
    iban = models.CharField(_("IBAN"), max_length=34, blank=True)

    objects = OperatorQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["country_code", "party_id"], name="operator_party_unique")]

    @property
    def has_legal_entity(self) -> bool:
        """Everything an invoice must print about the seller."""
        needed = (
            self.legal_name,
            self.vat_number,
            self.address,
            self.postal_code,
            self.city,
            self.tax_regime,
            self.iban,
        )
        return all(needed)

    def __str__(self) -> str:
        return self.name


class Membership(Timestamped):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    operator = models.ForeignKey(Operator, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=12, choices=Role)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "operator"], name="membership_unique")]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()} · {self.operator}"
