"""Inviting people and giving keys."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Role


class InvitationForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"placeholder": _("name@example.org")})
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.SUPPORT)


class ApiKeyForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("Which system uses it, so that you know later what to switch off.")
    )
    role = forms.ChoiceField(label=_("Same rights as"), choices=Role.choices, initial=Role.MANAGER)
