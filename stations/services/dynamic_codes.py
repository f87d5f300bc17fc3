"""QR codes that change: a sticker over the screen leads nowhere, and a photograph of the code is soon worth nothing.

OCPP 2.1 C25; what the code is made of: stations.totp.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import User
from cms.core import sealed
from cms.core.errors import Invalid
from stations import totp
from stations.models import EVSE, ChargingStation, DynamicCode, UsedCode

PURPOSE = "stations.dynamic_codes"
SHORTEST_S, LONGEST_S = 10, 3600
FEWEST_SIGNS = 4
MOST_SECRET = 255


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable of the station's WebPaymentsCtrlr."""

    variable: str
    value: str


def set_up(
    *, station: ChargingStation, by: User, secret: str = "", validity_s: int = 60, length: int = 8
) -> DynamicCode:
    """From now on the station's static code starts nothing. Without a `secret` a new one is made. Raises Invalid by field."""
    access.demand(by, "station.edit", station)
    wrong = {}
    if not SHORTEST_S <= validity_s <= LONGEST_S:
        wrong["validity_s"] = [_("Between 10 s and an hour.")]
    if not FEWEST_SIGNS <= length <= totp.LONGEST:
        wrong["length"] = [_("4 to 32 characters.")]
    if len(secret) > MOST_SECRET or not secret.isprintable():
        wrong["secret"] = [_("At most 255 printable characters.")]
    if wrong:
        raise Invalid(wrong)
    kept = sealed.seal(secret or secrets.token_hex(16), purpose=PURPOSE)
    row, _new = DynamicCode.objects.update_or_create(
        station=station, defaults={"secret": kept, "validity_s": validity_s, "length": length}
    )
    return row


def give_up(*, station: ChargingStation, by: User) -> None:
    """The sticker counts again."""
    access.demand(by, "station.edit", station)
    DynamicCode.objects.filter(station=station).delete()


def of(station: ChargingStation) -> DynamicCode | None:
    return DynamicCode.objects.filter(station=station).first()


def settings_for(code: DynamicCode) -> list[Setting]:
    """What the station's WebPaymentsCtrlr has to be told."""
    address = f"{settings.PUBLIC_URL.rstrip('/')}/c/{{roamingevseid}}?totp={{totp}}"
    return [
        Setting("URLTemplate", address),
        Setting("SharedSecret", plain.secret if (plain := _plain(code)) else "–"),
        Setting("ValidityTime", str(code.validity_s)),
        Setting("Length", str(code.length)),
    ]


def read(*, evse: EVSE, given: str, at: datetime) -> int | None:
    """The interval that the code on the screen stands for; None for a wrong, an old, or a spent one. Spends nothing."""
    code = DynamicCode.objects.filter(station=evse.station_id).first()
    plain = _plain(code) if code else None
    if plain is None or not given:
        return None
    found = totp.intervals(plain, given, unix_seconds=int(at.timestamp()))
    return next((interval for interval in sorted(found) if not spent(evse=evse, interval=interval)), None)


def spent(*, evse: EVSE, interval: int) -> bool:
    """Has somebody paid with this code, or with a later one?"""
    return UsedCode.objects.filter(evse=evse, interval__gte=interval).exists()


@transaction.atomic
def spend(*, evse: EVSE, interval: int) -> bool:
    """Of two people with the same code the first one pays, the other one is told to scan again."""
    UsedCode.objects.get_or_create(evse=evse)
    return bool(UsedCode.objects.filter(evse=evse, interval__lt=interval).update(interval=interval))


def _plain(code: DynamicCode) -> totp.Settings | None:
    """None where the secret cannot be read any more (another SECRET_KEY): then no code is right."""
    secret = sealed.unseal(code.secret, purpose=PURPOSE)
    return totp.Settings(secret, code.validity_s, code.length) if secret else None
