"""What each protocol version can be asked: its CSMS → station actions, and the schema check of a RawCall's payload."""

import functools
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

import jsonschema_rs
import orjson

from stations.vocabulary import commands as words

_PACKAGES = {"1.6": "ocpp.v16.schemas", "2.0.1": "ocpp.v201.schemas"}

# The package's schemas do not say who calls whom: these only stations send. DataTransfer goes both ways.
_FROM_STATION = {
    "1.6": """Authorize BootNotification DiagnosticsStatusNotification FirmwareStatusNotification Heartbeat
        LogStatusNotification MeterValues SecurityEventNotification SignCertificate SignedFirmwareStatusNotification
        StartTransaction StatusNotification StopTransaction""",
    "2.0.1": """Authorize BootNotification ClearedChargingLimit FirmwareStatusNotification Get15118EVCertificate
        GetCertificateStatus Heartbeat LogStatusNotification MeterValues NotifyChargingLimit NotifyCustomerInformation
        NotifyDisplayMessages NotifyEVChargingNeeds NotifyEVChargingSchedule NotifyEvent NotifyMonitoringReport NotifyReport
        PublishFirmwareStatusNotification ReportChargingProfiles ReservationStatusUpdate SecurityEventNotification
        SignCertificate StatusNotification TransactionEvent""",
}

# On the wire our own words are called:
_ACTIONS: dict[type, Mapping[str, str]] = {
    words.RequestStart: {"1.6": "RemoteStartTransaction", "2.0.1": "RequestStartTransaction"},
    words.RequestStop: {"1.6": "RemoteStopTransaction", "2.0.1": "RequestStopTransaction"},
    words.Reset: {"1.6": "Reset", "2.0.1": "Reset"},
    words.UnlockConnector: {"1.6": "UnlockConnector", "2.0.1": "UnlockConnector"},
    words.TriggerMessage: {"1.6": "TriggerMessage", "2.0.1": "TriggerMessage"},
    words.GetVariables: {"1.6": "GetConfiguration", "2.0.1": "GetVariables"},
    words.SetVariable: {"1.6": "ChangeConfiguration", "2.0.1": "SetVariables"},
    words.ChangeAvailability: {"1.6": "ChangeAvailability", "2.0.1": "ChangeAvailability"},
    words.GetBaseReport: {"2.0.1": "GetBaseReport"},
    words.GetLog: {"1.6": "GetDiagnostics", "2.0.1": "GetLog"},
    words.UpdateFirmware: {"1.6": "UpdateFirmware", "2.0.1": "UpdateFirmware"},
    words.ClearCache: {"1.6": "ClearCache", "2.0.1": "ClearCache"},
    words.SetChargingProfile: {"1.6": "SetChargingProfile", "2.0.1": "SetChargingProfile"},
    words.ClearChargingProfile: {"1.6": "ClearChargingProfile", "2.0.1": "ClearChargingProfile"},
    words.GetCompositeSchedule: {"1.6": "GetCompositeSchedule", "2.0.1": "GetCompositeSchedule"},
}


def supports(version: str, kind: type) -> bool:
    """Can a station that speaks `version` ("1.6", "2.0.1") be asked this? A RawCall can always be tried."""
    return version in _PACKAGES and (kind is words.RawCall or version in _ACTIONS.get(kind, {}))


def action_of(version: str, kind: type) -> str:
    """The wire's name of a command. KeyError where `supports` says no, and for RawCall, which brings its own."""
    return _ACTIONS[kind][version]


def actions(version: str) -> list[str]:
    """Every operation a central system may start in this version, in alphabetical order; [] for an unknown version."""
    return sorted(_schemas(version))


def check(version: str, action: str, payload_text: str) -> list[str]:
    """What is wrong with a payload, as "connectorId: …" lines; [] when it is right. KeyError for an unknown action.

    Draft 4 without formats, as the `ocpp` package itself checks: "1.0" is no integer, a date-time is any text.
    """
    try:
        payload = orjson.loads(payload_text)
    except orjson.JSONDecodeError as wrong:
        return [str(wrong)]
    return [_sentence(error) for error in _validator(version, action).iter_errors(payload)]


def _sentence(error: Any) -> str:
    """The place, then what is wrong there; a missing or surplus member is the place itself."""
    kind = error.kind
    members = [kind.property] if hasattr(kind, "property") else getattr(kind, "unexpected", [])
    path = [*map(str, error.instance_path), *members[:1]]
    return f"{'.'.join(path) or 'payload'}: {error.message}"


@functools.cache
def _validator(version: str, action: str) -> jsonschema_rs.Draft4Validator:
    return jsonschema_rs.Draft4Validator(_read(version, _schemas(version)[action]), validate_formats=False)


@functools.cache
def _schemas(version: str) -> dict[str, str]:
    """Action → file of its request schema."""
    if version not in _PACKAGES:
        return {}
    ending = ".json" if version == "1.6" else "Request.json"
    names = (entry.name for entry in resources.files(_PACKAGES[version]).iterdir())
    found = {name.removesuffix(ending): name for name in names if name.endswith(ending)}
    foreign = set(_FROM_STATION[version].split())
    return {action: name for action, name in found.items() if action not in foreign and not action.endswith("Response")}


def _read(version: str, name: str) -> Any:
    return json.loads(resources.files(_PACKAGES[version]).joinpath(name).read_text(encoding="utf-8-sig"))
