"""The demo stations' passwords: derived, so that seeding and the fleet agree without keeping them anywhere."""

import hmac

from django.conf import settings


def of(identity: str) -> str:
    """40 hex digits, as 1.6's AuthorizationKey wants them."""
    return hmac.new(settings.SECRET_KEY.encode(), f"demo station {identity}".encode(), "sha1").hexdigest().upper()
