"""What may become of a session: it runs until something ends it. The order in which we learn of things plays no part."""

from datetime import datetime
from typing import Final

ACTIVE: Final = "active"
COMPLETED: Final = "completed"


def status(*, ended: bool, aged_at: datetime | None, heard_at: datetime | None) -> str:
    """`ended` is for good: by the station's own stop, by a later start on the same EVSE that proves a lost stop (quirk 36), or
    by a person's word. Ageing (quirk 49) lasts until the station speaks of the session again."""
    if ended:
        return COMPLETED
    aged = aged_at is not None and (heard_at is None or heard_at <= aged_at)
    return COMPLETED if aged else ACTIVE
