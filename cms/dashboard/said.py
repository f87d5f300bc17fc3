"""One sentence per line of the journal: what the station said, or what we asked, in words; and what was answered.

Pure: works on the text of a frame. Whatever cannot be read is shown as its action alone, never an error.
"""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from cms.templatetags import figures
from stations.selectors.masking import masked

Payload = Mapping[str, Any]


def sentence(action: str, raw: str) -> str:
    """`raw` is the whole frame as on the wire."""
    payload = _payload(masked(raw))
    say = _SENTENCES.get(action)
    if payload is None or say is None:
        return ""
    try:
        return say(payload)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, InvalidOperation):
        return ""


def answer(raw: str) -> str:
    """The answer's status in lower case, or what else it says first."""
    frame = _frame(raw)
    if not frame:
        return ""
    if frame[0] == 4:
        return str(frame[2]) if len(frame) > 2 else _("error")
    payload = frame[2] if len(frame) > 2 and isinstance(frame[2], dict) else {}
    info = payload.get("idTagInfo") or payload.get("idTokenInfo")
    status = payload.get("status") or (info.get("status") if isinstance(info, dict) else None)
    if status:
        return str(status)
    return str(payload["currentTime"])[:19].replace("T", " ") if "currentTime" in payload else _("received")


def pretty(raw: str) -> str:
    """The frame with one member per line, secrets masked; as it came where it is no JSON."""
    shown = masked(raw)
    try:
        return json.dumps(json.loads(shown, parse_float=Decimal), indent=2, ensure_ascii=False, default=str)
    except ValueError:
        return shown


def _frame(raw: str) -> list[Any]:
    try:
        frame = json.loads(raw)
    except ValueError:
        return []
    return frame if isinstance(frame, list) else []


def _payload(raw: str) -> Payload | None:
    frame = _frame(raw)
    if len(frame) < 3:
        return None
    found = frame[3] if frame[0] == 2 and len(frame) > 3 else frame[2]
    return found if isinstance(found, dict) else None


def _where(payload: Payload) -> str:
    evse = payload.get("evse")
    number = evse.get("id") if isinstance(evse, dict) else payload.get("evseId", payload.get("connectorId"))
    return _("Connector %(number)s") % {"number": number} if isinstance(number, int) and number else _("Whole station")


def _card(text: object) -> str:
    return _("card …%(tail)s") % {"tail": str(text)[-4:]} if text else _("no card")


def _boot(p: Payload) -> str:
    station = p.get("chargingStation") or {}
    model = p.get("chargePointModel") or station.get("model", "")
    vendor = p.get("chargePointVendor") or station.get("vendorName", "")
    firmware = p.get("firmwareVersion") or station.get("firmwareVersion", "")
    return _("Started up: %(what)s") % {"what": f"{vendor} {model} {firmware}".strip()}


def _status(p: Payload) -> str:
    status = p.get("status") or p.get("connectorStatus", "")
    error = p.get("errorCode", "NoError")
    maker = p.get("vendorErrorCode")
    trouble = " ".join(str(word) for word in (error if error != "NoError" else "", maker or "") if word)
    return f"{_where(p)}: {status}" + (f", {trouble}" if trouble else "")


def _authorize(p: Payload) -> str:
    token = p.get("idTag") or (p.get("idToken") or {}).get("idToken")
    return _("May %(card)s charge?") % {"card": _card(token)}


def _kwh(wh: object) -> str:
    return figures.kwh(Decimal(str(wh)), 3)


def _start(p: Payload) -> str:
    return _("%(where)s: charge begins with %(card)s, meter %(kwh)s") % {
        "where": _where(p),
        "card": _card(p.get("idTag")),
        "kwh": _kwh(p["meterStart"]),
    }


def _stop(p: Payload) -> str:
    return _("Charge %(number)s ended, meter %(kwh)s, reason: %(why)s") % {
        "number": p.get("transactionId"),
        "kwh": _kwh(p["meterStop"]),
        "why": p.get("reason", "Local"),
    }


def _transaction(p: Payload) -> str:
    info = p.get("transactionInfo") or {}
    words = {"Started": _("charge begins"), "Updated": _("charge goes on"), "Ended": _("charge ended")}
    parts = [words.get(p["eventType"], str(p["eventType"])), str(p.get("triggerReason", ""))]
    if info.get("stoppedReason"):
        parts.append(_("reason: %(why)s") % {"why": info["stoppedReason"]})
    parts += _values(p.get("meterValue"))
    where = f"{_where(p)}: " if p.get("evse") else ""
    return where + ", ".join(part for part in parts if part)


_UNITS = {"kW": 1000, "kWh": 1000}


def _values(meter_values: Any) -> list[str]:
    """Power, meter and battery of the last reading."""
    if not isinstance(meter_values, list) or not meter_values:
        return []
    found: dict[str, str] = {}
    for sample in meter_values[-1].get("sampledValue", []):
        measurand = sample.get("measurand", "Energy.Active.Import.Register")
        unit = sample.get("unit") or (sample.get("unitOfMeasure") or {}).get("unit", "")
        value = Decimal(str(sample["value"])) * _UNITS.get(unit, 1)
        if sample.get("phase"):
            continue
        if measurand == "Power.Active.Import":
            found["power"] = figures.kw(value)
        elif measurand == "Energy.Active.Import.Register":
            found["meter"] = _("meter %(kwh)s") % {"kwh": figures.kwh(value, 3)}
        elif measurand == "SoC":
            found["soc"] = _("battery %(percent)s %%") % {"percent": value}
    return [found[name] for name in ("power", "meter", "soc") if name in found]


def _meter(p: Payload) -> str:
    values = _values(p.get("meterValue"))
    said = ", ".join(values) or _("readings")
    return f"{_where(p)}: {said}"


def _named(p: Payload, *names: str) -> str:
    return " ".join(str(p[name]) for name in names if p.get(name) is not None)


def _limit(payload: Payload) -> str:
    """What a charging profile allows first: 16 A, or 7.0 kW."""
    profile = payload.get("csChargingProfiles") or payload["chargingProfile"]
    schedule = profile["chargingSchedule"]
    schedule = schedule[0] if isinstance(schedule, list) else schedule
    limit = Decimal(str(schedule["chargingSchedulePeriod"][0]["limit"]))
    if schedule["chargingRateUnit"] == "W":
        return figures.kw(limit)
    return f"{figures.number(limit, 0 if limit == limit.to_integral_value() else 1)}{figures.NB}A"


_SENTENCES: dict[str, Callable[[Payload], str]] = {
    "BootNotification": _boot,
    "Heartbeat": lambda p: _("Still here"),
    "StatusNotification": _status,
    "Authorize": _authorize,
    "StartTransaction": _start,
    "StopTransaction": _stop,
    "TransactionEvent": _transaction,
    "MeterValues": _meter,
    "DataTransfer": lambda p: _("The maker’s own message: %(what)s") % {"what": _named(p, "vendorId", "messageId")},
    "FirmwareStatusNotification": lambda p: _("Firmware: %(what)s") % {"what": p["status"]},
    "DiagnosticsStatusNotification": lambda p: _("Log upload: %(what)s") % {"what": p["status"]},
    "LogStatusNotification": lambda p: _("Log upload: %(what)s") % {"what": p["status"]},
    "SecurityEventNotification": lambda p: _("Security event: %(what)s") % {"what": p["type"]},
    "NotifyReport": lambda p: _("Its settings, part %(n)s") % {"n": p.get("seqNo", 0) + 1},
    "NotifyEvent": lambda p: _("Events: %(what)s")
    % {"what": ", ".join(f"{e['component']['name']}.{e['variable']['name']} = {e['actualValue']}" for e in p["eventData"][:3])},
    # ours
    "RemoteStartTransaction": lambda p: _("%(where)s: please start with %(card)s") % {"where": _where(p), "card": _card(p.get("idTag"))},
    "RequestStartTransaction": lambda p: _("%(where)s: please start with %(card)s")
    % {"where": _where(p), "card": _card((p.get("idToken") or {}).get("idToken"))},
    "RemoteStopTransaction": lambda p: _("Please stop charge %(number)s") % {"number": p["transactionId"]},
    "RequestStopTransaction": lambda p: _("Please stop charge %(number)s") % {"number": p["transactionId"]},
    "Reset": lambda p: _("Please restart (%(how)s)") % {"how": p["type"]},
    "UnlockConnector": lambda p: _("%(where)s: please unlock") % {"where": _where(p)},
    "ChangeAvailability": lambda p: f"{_where(p)}: {p.get('type') or p.get('operationalStatus')}",
    "SetChargingProfile": lambda p: _("%(where)s: at most %(limit)s") % {"where": _where(p), "limit": _limit(p)},
    "ClearChargingProfile": lambda p: _("Please forget the limit"),
    "GetCompositeSchedule": lambda p: _("%(where)s: how much may flow?") % {"where": _where(p)},
    "TriggerMessage": lambda p: _("Please send %(what)s") % {"what": p["requestedMessage"]},
    "GetConfiguration": lambda p: _("What are your settings? %(which)s") % {"which": ", ".join(p.get("key") or [])},
    "ChangeConfiguration": lambda p: _("Please set %(key)s = %(value)s") % {"key": p["key"], "value": p["value"]},
    "GetVariables": lambda p: _("What are your settings? %(which)s")
    % {"which": ", ".join(f"{v['component']['name']}.{v['variable']['name']}" for v in p["getVariableData"][:4])},
    "SetVariables": lambda p: _("Please set %(key)s = %(value)s")
    % {
        "key": p["setVariableData"][0]["variable"]["name"],
        "value": p["setVariableData"][0]["attributeValue"],
    },
    "GetBaseReport": lambda p: _("Please report all settings"),
    "GetDiagnostics": lambda p: _("Please upload your log"),
    "GetLog": lambda p: _("Please upload your log"),
    "UpdateFirmware": lambda p: _("Please update your firmware"),
    "ClearCache": lambda p: _("Please forget the cards you remember"),
}  # fmt: skip
