"""EVSEs as they are now: found by the code on the sticker, and seen with the charge that runs on them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import F, Value
from django.db.models.functions import Replace, Upper

from cms.portal import codes, states
from cms.templatetags import ui
from sessions_app.models import ChargingSession
from stations.models import EVSE, Connector


class Running(NamedTuple):
    """A charge on an EVSE; `user` is the account of its driver."""

    id: int
    started_at: datetime
    user: int | None
    charging_state: str


@dataclass(frozen=True, slots=True)
class EvseNow:
    """`since`: when the state began, by the station's clock. `heard_at`: when the station last said anything."""

    evse: EVSE
    state: str
    since: datetime | None
    running: Running | None
    connectors: tuple[Connector, ...]

    @property
    def word(self) -> str:
        return str(ui.DRIVER_STATES[self.state])

    @property
    def standards(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(c.standard for c in self.connectors if c.standard))

    @property
    def standard(self) -> str:
        return next(iter(self.standards), "")

    @property
    def plugged(self) -> bool:
        """A cable was seen and nobody charges: `Preparing` in 1.6, `Occupied` without a transaction in 2.x."""
        return self.running is None and any(c.status in {"Preparing", "Occupied"} for c in self.connectors)

    @property
    def heard_at(self) -> datetime | None:
        return self.evse.station.last_seen


def by_code(code: str) -> EVSE | None:
    """The EVSE with this id or short code in any spelling; archived stations have no page."""
    plain = codes.compact(code)
    if not (plain.isascii() and plain.isalnum()):
        return None
    known = EVSE.objects.filter(station__archived_at=None).select_related("station__operator", "station__location")
    if len(plain) == codes.SHORT:
        return known.filter(short_code__in={plain, code.strip()}).first()
    if len(plain) < codes.EVSE_ID_MIN:
        return None
    alike = known.filter(uid__istartswith=codes.prefix(plain))  # narrows by the index before comparing letters
    return alike.annotate(plain=Upper(Replace(F("uid"), Value("*"), Value("")))).filter(plain=plain).first()


def meant(code: str, limit: int = 3) -> list[EVSE]:
    """Known codes that differ only by letters and digits which look alike."""
    spellings = codes.misreadings(codes.compact(code))
    found = [evse for spelling in spellings[:32] if (evse := by_code(spelling))]
    return found[:limit]


def running_on(stations: Iterable[int]) -> dict[tuple[int, int], Running]:
    """Charges by (station, EVSE number); the newest wins where a lost stop left two open."""
    rows = (
        ChargingSession.objects.active()
        .filter(station__in=set(stations), evse_id__isnull=False)
        .order_by("started_at")
        .values_list("station_id", "evse_id", "pk", "started_at", "driver__user_id", "charging_state")
    )
    return {(station, evse): Running(*rest) for station, evse, *rest in rows}


def seen(evses: Sequence[EVSE]) -> list[EvseNow]:
    """One query for the running charges; `evses` come with station and connectors prefetched."""
    charges = running_on(evse.station_id for evse in evses)
    return [_seen(evse, charges.get((evse.station_id, evse.evse_id))) for evse in evses]


def _seen(evse: EVSE, charge: Running | None) -> EvseNow:
    connectors = tuple(sorted(evse.connectors.all(), key=lambda c: c.connector_id))
    charging = charge is not None and charge.charging_state == "Charging"
    state = states.of_evse((c.status for c in connectors), online=evse.station.online, charging=charging)
    changes = [c.status_at or c.updated_at for c in connectors if c.status != "Available"]
    since = charge.started_at if charge else max((at for at in changes if at), default=None)
    return EvseNow(evse, state, since, charge, connectors)
