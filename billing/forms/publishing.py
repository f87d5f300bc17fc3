"""From when a price holds, and that somebody has read what it means."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class PublishForm(forms.Form):
    """`at` empty: now. `base` and `seen` say what the person looked at; `known` is asked for where hours are given away."""

    at = forms.DateTimeField(
        label=_("Holds from"), required=False, help_text=_("Left empty: from now on."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip
    known = forms.BooleanField(label=_("I know that this energy is given away"), required=False)
    base = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, data: Any = None, *, holes: bool = False, **given: Any) -> None:
        super().__init__(data, **given)
        if holes:
            self.fields["known"].required = True
        else:
            del self.fields["known"]

    def clean_at(self) -> datetime | None:
        at: datetime | None = self.cleaned_data["at"]
        if at is not None and not 2000 <= at.year < 2200:
            raise forms.ValidationError(_("A day between 2000 and 2199 is expected."))
        return at
