"""People who sign in, made by somebody else than themselves: invitations, the demo, the command line."""

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction

from accounts.models import User


def find(email: str) -> User | None:
    """The person with this address, in any case."""
    return User.objects.filter(email__iexact=email.strip()).first()


def ensure(
    *,
    email: str,
    first_name: str = "",
    last_name: str = "",
    language: str = "",
    password: str = "",
    verified: bool = False,
) -> User:
    """The person with this address, made now if new. An existing account keeps its name and password."""
    user = find(email) or _new(email.strip().lower(), first_name, last_name, language, password)
    if verified:
        confirm(user)
    return user


def confirm(user: User) -> None:
    """The address is known to be the person's: nothing asks for it again."""
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})


def _new(email: str, first_name: str, last_name: str, language: str, password: str) -> User:
    user = User(email=email, first_name=first_name, last_name=last_name, language=language)
    user.set_password(password or None)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:  # made by a second request in between
        return User.objects.get(email=email)
    return user
