"""What an operator may say about prices: a plain form, or OCPI elements for everything else."""

import json
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from billing.forms import starts
from billing.forms.starts import Start
from billing.models import TariffVersion
from billing.tariffs import parsing, plain
from cms.core.form_fields import ForgivingDecimalField
from stations.models import Location

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as StrOrPromise


def _price(label: "StrOrPromise") -> ForgivingDecimalField:
    return ForgivingDecimalField(label=label, required=False, min_value=0, max_digits=12, decimal_places=6)


class ExactDecoder(json.JSONDecoder):
    """0.49 is a Decimal: no float touches money."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{**given, "parse_float": Decimal})


class ElementsField(forms.JSONField):
    """Shows elements as they are kept, or as they were typed: their numbers are decimals, which JSON has no word for."""

    def bound_data(self, data: Any, initial: Any) -> Any:
        return data

    def prepare_value(self, value: Any) -> Any:
        return value or "" if isinstance(value, str | None) else super().prepare_value(value)


class TariffForm(forms.Form):
    """`elements()` is what `services.tariffs` takes. The expert's JSON wins where it is filled."""

    name = forms.CharField(label=_("Name"), max_length=100)
    energy = _price(_("Energy, per kWh"))
    flat = _price(_("Fee per charge"))
    minute = _price(_("Time while charging, per minute"))
    parking = _price(_("Staying after the charge, per minute"))
    grace_min = forms.IntegerField(label=_("Free minutes first"), required=False, min_value=0, max_value=1440)
    parking_cap = _price(_("At most, per charge"))
    whole_minutes = forms.BooleanField(label=_("Minutes that have begun count in full"), required=False)
    vat = ForgivingDecimalField(
        label=_("VAT, %"), required=False, min_value=0, max_value=100, decimal_places=2, help_text=_("Empty: no VAT applies.")
    )  # fmt: skip
    tax_included = forms.BooleanField(label=_("Prices include VAT"), required=False)
    min_price = _price(_("Minimum price of a charge"))
    max_price = _price(_("Maximum price of a charge"))
    expert = ElementsField(
        label=_("OCPI elements"), required=False, decoder=ExactDecoder, widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text=_("For prices by hour, day, power or energy: a JSON list as in OCPI 2.2.1. Replaces the prices above."),
    )  # fmt: skip

    @classmethod
    def begun(cls, start: Start | None, data: Any = None) -> "TariffForm":
        """The form of a new tariff, empty but for VAT, or filled with one of `starts.STARTS`."""
        form = cls(data, initial={**starts.BASE, **(start.initial if start else {})})
        if start and start.expert:
            form.fields["expert"].initial = start.expert
        return form

    @classmethod
    def of(cls, version: TariffVersion, data: Any = None) -> "TariffForm":
        """The form filled with a version; what it cannot express appears as JSON."""
        elements = parsing.loads(version.elements)
        simple = plain.read(elements)
        initial: dict[str, Any] = {
            "name": version.tariff.name,
            "tax_included": version.tax_included,
            "min_price": version.min_price,
            "max_price": version.max_price,
        }
        if simple:
            initial |= {name: getattr(simple, name) for name in plain.NAMES}
        form = cls(data, initial=initial)
        if not simple:
            form.fields["expert"].initial = version.elements
        return form

    def clean(self) -> dict[str, Any]:
        """Nobody gives energy away by leaving a field empty."""
        given = super().clean() or self.cleaned_data
        prices = ("energy", "flat", "minute", "parking", "expert")
        if not self.errors and all(given[name] is None for name in prices):
            self.add_error("energy", _("Enter a price; 0 where charging is free."))
        return given

    def elements(self) -> Any:
        given = self.cleaned_data
        if given["expert"] is not None:
            return given["expert"]
        return plain.elements(plain.Plain(**{name: given[name] for name in plain.NAMES}))

    def terms(self) -> dict[str, Any]:
        given = self.cleaned_data
        limits = {name: given[name] for name in ("tax_included", "min_price", "max_price")}
        return {"elements": self.elements(), **limits}


class AssignForm(forms.Form):
    location = forms.ModelChoiceField(
        label=_("Where"), queryset=Location.objects.none(), required=False, empty_label=_("everywhere else (default)")
    )

    def __init__(self, *args: Any, operator: Operator, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = Location.objects.filter(operator=operator, archived_at=None).order_by("name")
        self.fields["location"].queryset = mine  # type: ignore[attr-defined]


class QuoteForm(forms.Form):
    """A charge to price: begins at `start`, takes `kwh` at `kw`, stays `idle` minutes."""

    start = forms.DateTimeField(
        label=_("Plugged in at"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    kwh = ForgivingDecimalField(label=_("Energy"), min_value=0, max_value=1000, decimal_places=3)
    kw = ForgivingDecimalField(label=_("Car takes"), min_value=1, max_value=1000, decimal_places=2)
    idle = forms.IntegerField(label=_("Stays after"), min_value=0, max_value=10080)

    def clean_start(self) -> datetime:
        """Within the years that a calendar of prices can be about."""
        start: datetime = self.cleaned_data["start"]
        if not 2000 <= start.year < 2200:
            raise forms.ValidationError(_("A day between 2000 and 2199 is expected."))
        return start
