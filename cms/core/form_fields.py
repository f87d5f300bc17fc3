"""Form fields that forgive."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils import formats


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
