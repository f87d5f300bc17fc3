"""Opens the public page of charges whose meter signed something."""

import secrets
from collections.abc import Iterable

from django.utils import timezone

from cms.core import rows
from sessions_app.models import Verification


def open_for(session_ids: Iterable[int]) -> None:
    """Once per session, whoever asks how often."""
    wanted = set(session_ids)
    if not wanted:
        return
    missing = wanted - set(Verification.objects.filter(session__in=wanted).values_list("session_id", flat=True))
    now = timezone.now()
    rows.insert_new(
        Verification,
        ("session_id", "token", "created_at"),
        [(session_id, secrets.token_urlsafe(16), now) for session_id in sorted(missing)],
        conflict=("session",),
    )
