"""allauth's forms in our words. Signing in is one form for two ways: with a password, or without one by a code sent to the address."""

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
        _as_we_say(self.fields)
        self.fields["login"].widget.attrs["autocomplete"] = "username webauthn"

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        response = super().login(request, redirect_url=redirect_url)
        adapters.limit_session(request)  # allauth has just set its own
        return response


class _Ours:
    fields: dict[str, Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _as_we_say(self.fields)


class SignupForm(_Ours, forms.SignupForm): ...


class RequestLoginCodeForm(_Ours, forms.RequestLoginCodeForm): ...


class ResetPasswordForm(_Ours, forms.ResetPasswordForm): ...


class ResetPasswordKeyForm(_Ours, forms.ResetPasswordKeyForm): ...


class ChangePasswordForm(_Ours, forms.ChangePasswordForm): ...


class SetPasswordForm(_Ours, forms.SetPasswordForm): ...


class AddEmailForm(_Ours, forms.AddEmailForm): ...


def _as_we_say(fields: dict[str, Field]) -> None:
    for name, field in fields.items():
        if name in {"login", "email"}:
            field.label = _("E-mail")
            field.widget.attrs["placeholder"] = _("name@example.org")
        elif "password" in name:  # the label says it; a placeholder would say it twice
            field.widget.attrs.pop("placeholder", None)
        if name == "password1":
            field.help_text = _("At least 10 characters: a few words are easy to keep.")
        elif name == "password2":
            field.label = _("The same once more")
