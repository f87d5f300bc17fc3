"""From when a price holds, and that somebody has read what it means."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cms.core.form_fields import MomentField


class PublishForm(forms.Form):
    """`at` empty: now. `base` and `seen` say what the person looked at; `known` is asked for where hours are given away."""

    at = MomentField(label=_("Holds from"), required=False, help_text=_("Left empty: from now on."))
    known = forms.BooleanField(label=_("I know that this energy is given away"), required=False)
    base = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, data: Any = None, *, holes: bool = False, **given: Any) -> None:
        super().__init__(data, **given)
        if holes:
            self.fields["known"].required = True
        else:
            del self.fields["known"]
