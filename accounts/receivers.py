"""Who listens to this room's own news."""

from typing import Any

from accounts import signals, tasks


def _member_invited(sender: object, id: int, **_kwargs: Any) -> None:
    tasks.mail_invitation.delay(id)


def connect() -> None:
    signals.member_invited.connect(_member_invited, dispatch_uid="accounts.member_invited")
