"""What a token would be told now."""

from collections.abc import Collection, Mapping, Sequence

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import Token
from accounts.services import tokens


def running(token_ids: Collection[int]) -> Mapping[int, int]:
    """Sessions running now per token id (absent = none): asked of the room above through `settings.TOKEN_LOAD`."""
    return import_string(settings.TOKEN_LOAD)(token_ids) if token_ids else {}


def authorization_status(token: Token, running_now: int) -> str:
    """What a station asking for a start would be told: Blocked, Expired, ConcurrentTx or Accepted (api-contract §5)."""
    verdict = tokens.verdict(token)
    full = verdict.max_active is not None and running_now >= verdict.max_active
    return "ConcurrentTx" if verdict.status == "Accepted" and full else verdict.status


def told(rows: Sequence[Token]) -> Sequence[Token]:
    """The same rows, each with `authorization_status`."""
    load = running([token.pk for token in rows])
    for token in rows:
        token.authorization_status = authorization_status(token, load.get(token.pk, 0))
    return rows
