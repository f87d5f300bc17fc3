"""What somebody without an account may have of a charge: the receipt by mail, and an invoice while the day is open."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils import timezone

from billing import pricing
from billing.models import CDR, AdhocCharge


def remember(*, charge: AdhocCharge, email: str | None = None, buyer: Mapping[str, str] | None = None) -> None:
    """Where the receipt goes, and who is on the invoice."""
    changes: dict[str, str] = {}
    if email is not None:
        changes["email"] = email
    if buyer is not None:
        changes["buyer"] = json.dumps(dict(buyer), ensure_ascii=False)
    AdhocCharge.objects.filter(pk=charge.pk).update(**changes, updated_at=timezone.now())


def invoice_until(cdr: CDR) -> datetime:
    """Until midnight at the site, two hours at least: after that it is among the day's corrispettivi."""
    ended = cdr.stopped_at.astimezone(pricing.zone_of(cdr.session))
    midnight = (ended + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return max(midnight, ended + timedelta(hours=2))
