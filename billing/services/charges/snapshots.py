"""What a CDR freezes of the world (OCPI CdrLocation, CdrToken): a receipt of ten years ago must not change its address."""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from billing.tariffs import visits
from billing.tariffs.breakdown import Earlier
from sessions_app.models import ChargingSession
from stations.models import EVSE, Connector

EvseKey = tuple[int, int]
OF_STATION = ("identity", "name", "meter_serial_number")
OF_TOKEN = ("type",)


def of(sessions: Sequence[ChargingSession], used: Mapping[int, Mapping[str, Any]]) -> dict[int, str]:
    """JSON text by session. The sessions come with location, station, token and operator; `used` by session, see there. Two queries,
    whatever their number."""
    evses = _evses(sessions)
    plugs = _plugs(evses)
    return {session.pk: _text(session, evses, plugs, used.get(session.pk, {})) for session in sessions}


def used(holidays: Iterable[date], earlier: Earlier) -> dict[str, Any]:
    """What else its price was made of: holidays where its tariff asks for them, the charges before it in its visit."""
    days = [day.isoformat() for day in holidays]
    return ({"holidays": days} if days else {}) | ({"visit": visits.as_json(earlier)} if earlier.charges else {})


def holidays_during(session: ChargingSession, known: Container[date], zone: ZoneInfo) -> list[date]:
    """The public holidays among the local days of a session: libraries and laws change, what was charged does not."""
    if not known:
        return []
    first, last = (at.astimezone(zone).date() for at in (session.started_at, _end(session)))
    return [day for n in range((last - first).days + 1) if (day := first + timedelta(days=n)) in known]


def kept_holidays(snapshot: Mapping[str, Any]) -> frozenset[date]:
    return frozenset(date.fromisoformat(day) for day in snapshot.get("holidays", ()))


def _end(session: ChargingSession) -> datetime:
    return max(session.started_at, session.stopped_at or session.last_reading_at or session.started_at)


class _Evse(NamedTuple):
    pk: int
    uid: str
    power_type: str
    max_power_w: int | None


def _evses(sessions: Sequence[ChargingSession]) -> dict[EvseKey, _Evse]:
    known = EVSE.objects.filter(station__in=sorted({session.station_id for session in sessions}))
    columns = ("station_id", "evse_id", *_Evse._fields)
    return {(station, number): _Evse(*facts) for station, number, *facts in known.values_list(*columns)}


def _plugs(evses: Mapping[EvseKey, _Evse]) -> dict[tuple[int, int], str]:
    rows = Connector.objects.filter(evse__in=[evse.pk for evse in evses.values()])
    return {(evse, number): plug for evse, number, plug in rows.values_list("evse_id", "connector_id", "standard")}


def _text(
    session: ChargingSession,
    evses: Mapping[EvseKey, _Evse],
    plugs: Mapping[tuple[int, int], str],
    used: Mapping[str, Any],
) -> str:
    evse = evses.get((session.station_id, session.evse_id or 0))
    connector = session.connector_id or 1
    facts: dict[str, Any] = {
        "location": _location(session),
        "evse": {
            "uid": evse.uid if evse else "",
            "evse_id": session.evse_id,
            "connector_id": session.connector_id,
            "standard": plugs.get((evse.pk, connector), "") if evse else "",
            "power_type": evse.power_type if evse else "",
            "max_power_w": evse.max_power_w if evse else None,
        },
        "station": {
            "identity": session.station.identity,
            "name": session.station.name,
            "meter_serial_number": session.station.meter_serial_number,
        },
        "token": {"uid": session.id_tag, "type": session.token.type if session.token else None},
        "meter": {"start_wh": _wh(session.meter_start), "stop_wh": _wh(session.meter_stop)},
        "transaction_id": session.transaction_id,
        "ocpp_version": session.ocpp_version,
        "stop_reason": session.stop_reason,
    }
    return orjson.dumps({**facts, **used}).decode()


def _location(session: ChargingSession) -> dict[str, Any] | None:
    place = session.location
    if place is None:
        return None
    return {
        "id": place.pk,
        "name": place.name,
        "address": place.address,
        "postal_code": place.postal_code,
        "city": place.city,
        "province": place.province,
        "country_code": place.country_code,
        "latitude": _plain(place.latitude),
        "longitude": _plain(place.longitude),
        "time_zone": place.time_zone,
    }


def _wh(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
