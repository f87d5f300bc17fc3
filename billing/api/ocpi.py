"""A CDR in the words of OCPI 2.2.1 (mod_cdrs). Amounts are decimal strings, volumes numbers."""

import json
from collections.abc import Collection
from decimal import Decimal
from fractions import Fraction
from typing import Any

import orjson

from billing.api.numbers import volume
from billing.models import CDR, TariffVersion
from billing.tariffs import exact, trace
from billing.tariffs.model import Dimension
from billing.tariffs.periods import State
from billing.tariffs.trace import Trace

ALPHA_3 = {
    "AT": "AUT", "BE": "BEL", "BG": "BGR", "CH": "CHE", "CY": "CYP", "CZ": "CZE", "DE": "DEU", "DK": "DNK", "EE": "EST",
    "ES": "ESP", "FI": "FIN", "FR": "FRA", "GB": "GBR", "GR": "GRC", "HR": "HRV", "HU": "HUN", "IE": "IRL", "IT": "ITA",
    "LT": "LTU", "LU": "LUX", "LV": "LVA", "MC": "MCO", "MT": "MLT", "NL": "NLD", "NO": "NOR", "PL": "POL", "PT": "PRT",
    "RO": "ROU", "SE": "SWE", "SI": "SVN", "SK": "SVK", "SM": "SMR", "VA": "VAT",
}  # fmt: skip

_TOKEN_TYPES = {"ISO14443": "RFID", "ISO15693": "RFID", None: "RFID", "Central": "APP_USER"}
_CABLES = ("T2_COMBO", "T1_COMBO", "CHADEMO", "TESLA")


def cdr(row: CDR) -> dict[str, Any]:
    """The row comes with operator, tariff_version__tariff, session and station."""
    frozen = json.loads(row.snapshot)
    cost = trace.loads(row.trace)
    seconds = row.charging_seconds + row.parking_seconds
    return {
        "country_code": row.operator.country_code,
        "party_id": row.operator.party_id,
        "id": str(row.uid),
        "start_date_time": row.started_at,
        "end_date_time": row.stopped_at,
        "session_id": str(row.session_id),
        "cdr_token": _token(row, frozen["token"]),
        "auth_method": "COMMAND" if getattr(row, "commanded", False) else "AUTH_REQUEST",
        "cdr_location": _location(frozen),
        "meter_id": frozen["station"]["meter_serial_number"] or None,
        "currency": row.currency,
        "tariffs": [_tariff(row, row.tariff_version)] if row.tariff_version else [],
        "charging_periods": [_period(row, stretch) for stretch in json.loads(row.periods)],
        "total_cost": {"excl_vat": str(cost.excl_vat), "incl_vat": str(cost.incl_vat)},
        "total_fixed_cost": _cost(cost, (Dimension.FLAT,)),
        "total_energy": volume(Fraction(row.energy) / 1000),
        "total_energy_cost": _cost(cost, (Dimension.ENERGY,)),
        "total_time": volume(Fraction(seconds, 3600)),
        "total_time_cost": _cost(cost, (Dimension.TIME,)),
        "total_parking_time": volume(Fraction(row.parking_seconds, 3600)),
        "total_parking_cost": _cost(cost, (Dimension.PARKING_TIME,)),
        "total_reservation_cost": _cost(cost, (Dimension.RESERVATION_FLAT, Dimension.RESERVATION_TIME)),
        "credit": row.credits_id is not None,
        "credit_reference_id": str(row.credits.uid) if row.credits else None,
        "last_updated": row.created_at,
    }


def _token(row: CDR, token: dict[str, Any]) -> dict[str, Any]:
    return {
        "country_code": row.operator.country_code,
        "party_id": row.operator.party_id,
        "uid": token["uid"],
        "type": _TOKEN_TYPES.get(token["type"], "OTHER"),
        "contract_id": token["uid"],
    }


def _location(frozen: dict[str, Any]) -> dict[str, Any]:
    place, evse = frozen["location"] or {}, frozen["evse"]
    country = place.get("country_code", "")
    return {
        "id": str(place.get("id", "")),
        "name": place.get("name"),
        "address": place.get("address", ""),
        "city": place.get("city", ""),
        "postal_code": place.get("postal_code") or None,
        "state": place.get("province") or None,
        "country": ALPHA_3.get(country, country),
        "coordinates": {"latitude": place.get("latitude"), "longitude": place.get("longitude")},
        "evse_uid": evse["uid"],
        "evse_id": evse["uid"],
        "connector_id": "" if evse["connector_id"] is None else str(evse["connector_id"]),
        "connector_standard": evse["standard"] or None,
        "connector_format": "CABLE" if evse["standard"].endswith(_CABLES) else "SOCKET",
        "connector_power_type": evse["power_type"] or None,
    }


def _tariff(row: CDR, version: TariffVersion) -> dict[str, Any]:
    return {
        "country_code": row.operator.country_code,
        "party_id": row.operator.party_id,
        "id": str(version.tariff_id),
        "version": version.number,
        "currency": version.currency,
        "tax_included": version.tax_included,
        "elements": orjson.Fragment(version.elements),
        "last_updated": version.created_at,
    }


def _period(row: CDR, stretch: dict[str, Any]) -> dict[str, Any]:
    timed = "TIME" if stretch["state"] == State.CHARGING else "PARKING_TIME"
    hours = _hours(stretch["start"], stretch["end"])
    dimensions: list[dict[str, Any]] = [{"type": timed, "volume": volume(hours)}]
    if energy := exact.number_of(stretch["energy_wh"]):
        dimensions.insert(0, {"type": "ENERGY", "volume": volume(energy / 1000)})
    period = {"start_date_time": stretch["start"], "dimensions": dimensions}
    if row.tariff_version:
        period["tariff_id"] = str(row.tariff_version.tariff_id)
    return period


def _hours(start: str, end: str) -> Fraction:
    spent = trace.moment(end) - trace.moment(start)
    return Fraction(spent.days * 86_400 * 10**6 + spent.seconds * 10**6 + spent.microseconds, 3600 * 10**6)


def _cost(cost: Trace, dimensions: Collection[Dimension]) -> dict[str, str] | None:
    """The document lines of these dimensions, net and gross; each rounded, so they need not add up to total_cost."""
    lines = [line for line in cost.lines if line.dimension in dimensions]
    if not lines:
        return None
    own = sum((line.amount for line in lines), Decimal(0))
    other = sum((_other(line.amount, line.vat, cost.gross) for line in lines), Fraction(0))
    excl, incl = (other, Fraction(own)) if cost.gross else (Fraction(own), other)
    return {"excl_vat": str(exact.rounded(excl, 4)), "incl_vat": str(exact.rounded(incl, 4))}


def _other(amount: Decimal, vat: Fraction | None, gross: bool) -> Fraction:
    factor = 1 + (vat or 0) / Fraction(100)
    return Fraction(amount) / factor if gross else Fraction(amount) * factor
