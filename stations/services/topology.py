"""EVSEs and connectors arise when a station first speaks of them; many stations may do so in the same instant."""

import secrets
from collections.abc import Collection, Iterable

from cms.core import rows
from stations.models import EVSE, ChargingStation, Connector
from stations.vocabulary.values import EvseRef

MOST_EVSES, MOST_CONNECTORS = 100, 16  # of one station; beyond that a number is a mistake or an attack
_SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that looks like another
_ATTEMPTS = 5

Place = tuple[int, int, int]  # station, evse_id, connector_id


def place(station_id: int, evse: EvseRef) -> Place | None:
    """Where a report belongs: an EVSE without a connector means its first. None for a number nobody has."""
    connector = evse.connector or 1
    known = 1 <= evse.id <= MOST_EVSES and 1 <= connector <= MOST_CONNECTORS
    return (station_id, evse.id, connector) if known else None


def ensure(places: Collection[Place]) -> None:
    """Rows for these connectors, whoever else makes them at the same time: the unique keys are the referee."""
    if not places:
        return
    evses = _ensure_evses({(station, evse) for station, evse, _connector in places})
    blank = ("", "", "NoError", "", "")
    rows.insert_new(
        Connector,
        ("evse_id", "connector_id", "standard", "status", "error_code", "vendor_error_code", "info"),
        [(evses[station, evse], connector, *blank) for station, evse, connector in sorted(places)],
        conflict=("evse", "connector_id"),
    )


def ensure_evses(evses: Iterable[tuple[int, int]]) -> None:
    """Rows for these (station, evse_id)."""
    _ensure_evses({(station, evse) for station, evse in evses if 1 <= evse <= MOST_EVSES})


def _ensure_evses(wanted: set[tuple[int, int]]) -> dict[tuple[int, int], int]:
    stations = {station for station, _evse in wanted}
    parties = {
        pk: f"{country}*{party}*E{pk:04d}"
        for pk, country, party in ChargingStation.objects.filter(id__in=stations).values_list(
            "id", "operator__country_code", "operator__party_id"
        )
    }
    known = _known(stations)
    for _attempt in range(_ATTEMPTS):  # a second round only if a short code was taken
        missing = sorted(wanted - known.keys())
        if not missing:
            break
        rows.insert_new(
            EVSE,
            ("station_id", "evse_id", "uid", "short_code", "power_type", "max_power_w"),
            [(station, evse, f"{parties[station]}*{evse}", _short_code(), "", None) for station, evse in missing],
        )
        known = _known(stations)
    return known


def _known(stations: set[int]) -> dict[tuple[int, int], int]:
    found = EVSE.objects.filter(station__in=stations).values_list("station_id", "evse_id", "id")
    return {(station, evse): pk for station, evse, pk in found}


def _short_code() -> str:
    return "".join(secrets.choice(_SIGNS) for _ in range(6))
