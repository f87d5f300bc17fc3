"""Registering the public key of a meter, as it is printed on its label. It belongs to the room that checks with it."""

import logging
import re
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import ApiKey, User
from cms.core.errors import Invalid
from sessions_app import signals
from sessions_app.metering import signed
from stations.models import EVSE, MeterKey

logger = logging.getLogger(__name__)

_LONGEST = 4_000
_ARMOUR = re.compile(r"-----[A-Z ]+-----")  # of PEM


@transaction.atomic
def add(
    *,
    evse: EVSE,
    public_key: str,
    by: User | ApiKey | None,
    meter_serial: str = "",
    valid_from: datetime | None = None,
) -> MeterKey:
    """The key counts for charges that begin at `valid_from` (now, if None) or later; an earlier key keeps the charges before it.
    What has ended since is checked again. The same key from the same moment twice is one. Raises Invalid, Forbidden."""
    if by is not None:
        access.demand(by, "station.edit", evse.station)
    key = "".join(_ARMOUR.sub("", public_key).split())
    _demand_key(key)
    facts = {
        "evse": evse,
        "public_key": key,
        "meter_serial": meter_serial.strip()[:64],
        "valid_from": valid_from or timezone.now(),
    }
    author = by if isinstance(by, User) else None
    row, new = MeterKey.objects.get_or_create(**facts, defaults={"added_by": author})
    if new:
        transaction.on_commit(partial(signals.meter_key_added.send_robust, sender=MeterKey, id=row.pk), robust=True)
        logger.info("meter key added evse=%s key=%s by=%s", evse.uid, signed.fingerprint(key), by)
    return row


def _demand_key(key: str) -> None:
    if not key:
        raise Invalid({"public_key": [_("Type or scan the key that is printed on the meter.")]})
    problem = _("It is too long.") if len(key) > _LONGEST else signed.problem_of(key)
    if problem:
        said = _("This is no public key that we can check with: %(problem)s")
        raise Invalid({"public_key": [said % {"problem": problem}]})
