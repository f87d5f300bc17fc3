"""Our say in django-allauth's journeys: where people land, how mails look, what is kept secret."""

import base64
import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.validators import MaxLengthValidator
from django.forms import BaseForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.translation import get_language

from accounts.models import Role, User
from accounts.notifications import email as mails
from accounts.services import members

EMAIL_LENGTH = MaxLengthValidator(254)  # the column's; SQLite would take any


class AccountAdapter(DefaultAccountAdapter):
    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Members to their network, drivers to the map; a `next` comes before both (allauth sees to it)."""
        return home(request)

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        return home(request)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_security")

    def clean_email(self, email: str) -> str:
        EMAIL_LENGTH(email)
        return super().clean_email(email)

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        members.note_at_work(user=user)
        limit_session(request)

    def save_user(self, request: HttpRequest, user: Any, form: BaseForm, commit: bool = True) -> Any:
        user.language = (get_language() or "")[:2]
        return super().save_user(request, user, form, commit)

    def render_mail(
        self, template_prefix: str, email: str, context: dict[str, Any], headers: dict[str, str] | None = None
    ) -> EmailMultiAlternatives:
        return mails.compose(to=email, name=template_prefix, facts=context)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        mails.deliver(self.render_mail(template_prefix, email, {"email": email, **context}))


class MFAAdapter(DefaultMFAAdapter):
    """TOTP keys and recovery seeds are encrypted with a key derived from SECRET_KEY (and its fallbacks)."""

    def encrypt(self, text: str) -> str:
        return _fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _fernet().decrypt(encrypted_text.encode()).decode()

    def _get_site_name(self) -> str:
        return "Colonnina"


def home(request: HttpRequest) -> str:
    """Staff to the network, hosts to their sites, drivers to the map."""
    roles = set(request.user.roles().values()) if isinstance(request.user, User) else set()
    return "/" if not roles else "/host/" if roles == {Role.HOST} else "/ops/"


def limit_session(request: HttpRequest) -> None:
    """People who can switch chargers off sign in every working day; drivers stay signed in."""
    if isinstance(request.user, User) and (request.user.roles() or request.user.is_staff):
        request.session.set_expiry(settings.MEMBER_SESSION_S)


def _fernet() -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = (hashlib.sha256(b"accounts.mfa:" + force_bytes(secret)).digest() for secret in secrets)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
