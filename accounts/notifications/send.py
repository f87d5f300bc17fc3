"""News for a person, by the channels they have: today that is e-mail."""

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.models import User

from . import email


def to_user(
    *, user: User, name: str, facts: Mapping[str, Any], attachments: Sequence[email.Attachment] = (), language: str = ""
) -> None:
    """`name` is a mail template without its ending, as `billing/email/receipt`; `language` is the fallback of a profile
    that names none. Raises Unavailable."""
    email.send(
        to=user.email,
        name=name,
        facts={"user": user, **facts},
        language=user.language or language,
        attachments=attachments,
    )
