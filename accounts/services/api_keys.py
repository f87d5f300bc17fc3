"""Keys for machines. The key itself is shown once; only its SHA-256 stays."""

import hashlib
import secrets
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import ApiKey, Operator, Role, User
from cms.core.errors import Invalid

KEY_BYTES = 20
PREFIX = 8
TOUCH_EVERY = timedelta(minutes=1)


def create(*, operator: Operator, name: str, role: str = Role.MANAGER, by: User | None = None) -> tuple[ApiKey, str]:
    """The row and the key. `by` is None for the command line.

    Raises Forbidden, and Invalid for an empty name, an unknown role, or a role with rights that `by` does not have.
    """
    name = name.strip()
    if not name or len(name) > 100:
        raise Invalid({"name": [_("Give the key a name of at most 100 characters.")]})
    if role not in Role.values:
        raise Invalid({"role": [_("Choose one of: %(roles)s.") % {"roles": ", ".join(Role.values)}]})
    if by is not None:
        access.demand(by, "api_key.edit", operator)
        if access.exceeds(role, access.role_at(by, operator.pk)):
            raise Invalid({"role": [_("A key cannot do more than the person who makes it.")]})
    key = secrets.token_hex(KEY_BYTES)
    return ApiKey.objects.create(operator=operator, name=name, role=role, prefix=key[:PREFIX], digest=_digest(key)), key


def find(key: str) -> ApiKey | None:
    """The key's row unless unknown or revoked."""
    return ApiKey.objects.filter(digest=_digest(key), revoked_at=None).first()


def touch(key: ApiKey) -> None:
    """Notes the use, at most once a minute: a burst of requests is one write."""
    now = timezone.now()
    if key.last_used_at and now - key.last_used_at < TOUCH_EVERY:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - TOUCH_EVERY)
    ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)


def revoke(*, key: ApiKey, by: User | None) -> None:
    """From now on the key is answered 401; the row stays for the record. A second time changes nothing."""
    if by is not None:
        access.demand(by, "api_key.edit", key)
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now())
    key.refresh_from_db()


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
