"""Who calls: `Authorization: Token <key>` (api-contract §1)."""

from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiKey
from accounts.services import api_keys


class ApiKeyAuthentication(BaseAuthentication):
    """`request.user` becomes the ApiKey itself: an actor with a role at one operator."""

    keyword = b"token"

    def authenticate(self, request: Request) -> tuple[ApiKey, None] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != self.keyword:
            return None
        key = api_keys.find(words[1].decode("latin-1")) if len(words) == 2 else None
        if key is None:
            raise AuthenticationFailed(_("This key is not valid."), code="invalid_key")
        api_keys.touch(key)
        return key, None

    def authenticate_header(self, request: Request) -> str:
        return "Token"
