"""Form fields that forgive, and some that do not."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import formats
from django.utils.translation import gettext_lazy as _


class ForgivingDecimalField(forms.DecimalField):
    """`44,49` and `44.49` are the same number; blanks are dropped."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = value.replace("\u00a0", "").replace(" ", "").replace(",", ".")
        return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        """Shown with the reader's decimal sign, without grouping or idle zeros."""
        return formats.number_format(f"{value.normalize():f}") if isinstance(value, Decimal) else value

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "inputmode": "decimal"}


class DayField(forms.DateField):
    """Of this century or the next: in every zone there are a day before and a day after it."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        _demand_near(day)
        return day


class MomentField(forms.DateTimeField):
    """The same for a moment, on the reader's clock."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def clean(self, value: Any) -> datetime | None:
        at: datetime | None = super().clean(value)
        _demand_near(at)
        return at


def _demand_near(day: date | None) -> None:
    if day is not None and not 2000 <= day.year < 2200:
        raise forms.ValidationError(_("A day between 2000 and 2199 is expected."))
