"""One form for two ways in: with a password, or without one by a code sent to the address."""

from typing import Any

from allauth.account import forms
from django.forms import Field
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from accounts import adapters


class LoginForm(forms.LoginForm):
    """Left empty, the password field means: mail me a code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].required = False
        _as_we_say(self.fields["login"], self.fields["password"])
        self.fields["login"].widget.attrs["autocomplete"] = "username webauthn"

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        response = super().login(request, redirect_url=redirect_url)
        adapters.limit_session(request)  # allauth has just set its own
        return response


class SignupForm(forms.SignupForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _as_we_say(self.fields["email"], self.fields.get("password1"))
        if "password1" in self.fields:
            self.fields["password1"].help_text = _("At least 10 characters: a few words are easy to keep.")


def _as_we_say(email: Field, password: Field | None) -> None:
    email.label = _("E-mail")
    email.widget.attrs["placeholder"] = _("name@example.org")
    if password is not None:
        password.widget.attrs.pop("placeholder", None)
