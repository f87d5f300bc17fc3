"""The company that runs stations (OCPI party with role CPO), and who works for it."""

from typing import Self
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from iso4217 import Currency

from cms.core.models import Actor, Timestamped


class Role(models.TextChoices):
    OWNER = "owner", _("owner")
    MANAGER = "manager", _("manager")
    SUPPORT = "support", _("support")
    ACCOUNTANT = "accountant", _("accountant")
    TECHNICIAN = "technician", _("technician")
    HOST = "host", _("site host")


class TaxRegime(models.TextChoices):
    """RegimeFiscaleType of FatturaPA 1.2.3, as far as a company that sells charging can have it."""

    ORDINARY = "RF01", _("RF01 ordinary")
    MINIMUM = "RF02", _("RF02 minimum taxpayers")
    ELECTRONIC_PUBLISHING = "RF07", _("RF07 publishing")
    TOURISM = "RF11", _("RF11 travel agencies")
    CASH = "RF16", _("RF16 VAT on receipt, public bodies")
    CASH_ORDINARY = "RF17", _("RF17 VAT on receipt")
    OTHER = "RF18", _("RF18 other")
    FLAT_RATE = "RF19", _("RF19 flat rate (forfettario)")
    SMALL_EU = "RF20", _("RF20 EU small business scheme")


def validate_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(_("Choose a time zone, like Europe/Rome."))


def validate_currency(code: str) -> None:
    try:
        Currency(code)
    except ValueError as unknown:
        raise ValidationError(_("Three letters of a currency, like EUR.")) from unknown


class OperatorQuerySet(models.QuerySet["Operator"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(pk__in=actor.operator_ids())


class Operator(Timestamped):
    """`party_id` is the three characters of EVSE ids (IT*<party>*E…). The legal entity is needed before the first invoice."""

    slug = models.SlugField(_("short name"), unique=True)
    name = models.CharField(_("name"), max_length=100)
    country_code = models.CharField(_("country code"), max_length=2, default="IT")
    party_id = models.CharField(_("party id"), max_length=3)
    language = models.CharField(_("language"), max_length=5, default="it", choices=settings.LANGUAGES)
    time_zone = models.CharField(_("time zone"), max_length=64, default="Europe/Rome", validators=[validate_time_zone])
    currency = models.CharField(_("currency"), max_length=3, default="EUR", validators=[validate_currency])
    support_phone = models.CharField(_("support phone"), max_length=32, blank=True)
    support_email = models.EmailField(_("support e-mail"), blank=True)

    legal_name = models.CharField(_("legal name"), max_length=80, blank=True)
    vat_number = models.CharField(_("VAT number"), max_length=14, blank=True)
    fiscal_code = models.CharField(_("fiscal code"), max_length=16, blank=True)
    address = models.CharField(_("address"), max_length=60, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=10, blank=True)
    city = models.CharField(_("city"), max_length=60, blank=True)
    province = models.CharField(_("province"), max_length=2, blank=True)
    tax_regime = models.CharField(_("tax regime"), max_length=4, default=TaxRegime.ORDINARY, choices=TaxRegime)
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
    """Invited, and `accepted_at` still empty: the person has not come yet. Rows made by a script know no invitation."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    operator = models.ForeignKey(Operator, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=12, choices=Role)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    invited_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "operator"], name="membership_unique")]

    @property
    def pending(self) -> bool:
        return self.invited_at is not None and self.accepted_at is None

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()} · {self.operator}"
