"""What billing announces and the portal answers with a task."""

from collections.abc import Collection
from typing import Any

from billing import signals
from cms.portal import tasks


def _mail_receipts(*, ids: Collection[int], **_: Any) -> None:
    for cdr_id in ids:
        tasks.mail_receipt.delay(cdr_id)


def connect() -> None:
    """Once per process, from cms.apps."""
    signals.cdr_created.connect(_mail_receipts, dispatch_uid="cms.portal mail receipts", weak=False)
