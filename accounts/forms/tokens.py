"""What an operator may say about a card."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Driver, Operator, Token


class TokenForm(forms.ModelForm):
    """The id can be given once; afterwards it is what the card says."""

    class Meta:
        model = Token
        fields = ("uid", "label", "driver", "type", "parent_id_tag", "expires_at", "max_active_sessions")
        labels = {"uid": _("Id on the card"), "driver": _("Driver")}
        help_texts = {
            "uid": _("As the charger reads it, for example 04A1B2C3. Upper and lower case are the same."),
            "parent_id_tag": _("Cards of one group may stop each other’s charges."),
            "max_active_sessions": _("Empty: any number."),
            "expires_at": _("Empty: for ever."),
        }
        widgets = {"expires_at": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")}

    def __init__(self, *args: Any, operator: Operator, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.operator = operator
        drivers = Driver.objects.filter(operator=operator).select_related("user").order_by("user__email")
        self.fields["driver"].queryset = drivers  # type: ignore[attr-defined]
        if self.instance.pk:
            del self.fields["uid"]

    def clean_expires_at(self) -> datetime | None:
        """The year 1 has no UTC, the year 9999 no day after."""
        expires: datetime | None = self.cleaned_data["expires_at"]
        if expires and not 2000 <= expires.year < 2200:
            raise forms.ValidationError(_("A day between 2000 and 2199 is expected."))
        return expires

    def details(self) -> dict[str, Any]:
        """What `accounts.services.tokens` takes besides the id."""
        return {name: value for name, value in self.cleaned_data.items() if name != "uid"}


class TokenFileForm(forms.Form):
    file = forms.FileField(
        label=_("CSV file"), help_text=_("One card per line: id, label. The first line may hold the column names.")
    )
