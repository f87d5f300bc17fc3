"""What an answered command changes in our books, whichever way it was asked, typed or raw: one table by version and action.

Each entry gets the command and the decoded request and answer; both are only what a station said, so nothing in them is certain.
"""

import logging
from collections.abc import Callable, Collection
from typing import Any

import orjson
from django.utils import timezone

from cms.core.errors import Invalid
from stations.diagnostics import firmware, logs
from stations.models import ChargingStation, Command
from stations.services import credentials, variables
from stations.services.variables import Stored

logger = logging.getLogger(__name__)

Said = dict[str, Any]
Effect = Callable[[Command, Said, Said], None]


def apply(command: Command) -> None:
    """After a command is settled. Without an answer, jobs that hang on it have failed."""
    if command.response is None or command.status == Command.Status.REJECTED:
        failed([command.pk])
    effect = EFFECTS.get((command.ocpp_version, command.action))
    if effect and command.response is not None:
        effect(command, _members(command.payload), _members(command.response))


def failed(commands: Collection[int]) -> None:
    """Jobs whose command will never be carried out."""
    logs.refused(commands)
    firmware.refused(commands)


def _members(text: str) -> Said:
    said = orjson.loads(text)
    return said if isinstance(said, dict) else {}


def _list(said: Said, name: str) -> list[Said]:
    entries = said.get(name)
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


# ---- 1.6 ---------------------------------------------------------------------------------------------------------


def _configuration(command: Command, _asked: Said, answer: Said) -> None:
    """GetConfiguration: a list of keys; `readonly` may be missing (quirk 18)."""
    keys = [
        Stored(name=str(entry.get("key", "")), value=_text(entry.get("value")), readonly=_flag(entry.get("readonly")))
        for entry in _list(answer, "configurationKey")
    ]
    variables.store(command.station_id, keys, timezone.now())


def _configured(command: Command, asked: Said, answer: Said) -> None:
    """ChangeConfiguration. From an accepted AuthorizationKey on, only the new key is valid (A01)."""
    if answer.get("status") in ("Accepted", "RebootRequired"):
        name, value = str(asked.get("key", "")), str(asked.get("value", ""))
        variables.changed(command.station_id, Stored(name=name, value=value), timezone.now())
        if name.lower() == "authorizationkey":
            _new_password(command, value)


# ---- 2.x ---------------------------------------------------------------------------------------------------------


def _got(command: Command, _asked: Said, answer: Said) -> None:
    results = [each for each in _list(answer, "getVariableResult") if each.get("attributeStatus") == "Accepted"]
    variables.store(command.station_id, [_variable(each) for each in results], timezone.now())


def _set(command: Command, asked: Said, answer: Said) -> None:
    """SetVariables: one result per entry, matched by component, variable and attribute (B05)."""
    accepted = {
        _variable(each).key
        for each in _list(answer, "setVariableResult")
        if each.get("attributeStatus") in ("Accepted", "RebootRequired")
    }
    for entry in map(_variable, _list(asked, "setVariableData")):
        if entry.key in accepted:
            variables.changed(command.station_id, entry, timezone.now())
            if entry.name.lower() == "basicauthpassword":
                _new_password(command, entry.value or "")


def _variable(entry: Said) -> Stored:
    component, variable = _object(entry, "component"), _object(entry, "variable")
    evse = _object(component, "evse")
    return Stored(
        component=str(component.get("name", "")),
        component_instance=str(component.get("instance", "")),
        evse_id=_number(evse.get("id")),
        connector_id=_number(evse.get("connectorId")),
        name=str(variable.get("name", "")),
        instance=str(variable.get("instance", "")),
        attribute=str(entry.get("attributeType", "Actual")),
        value=_text(entry.get("attributeValue")),
    )


# ---- jobs --------------------------------------------------------------------------------------------------------


def _diagnostics(command: Command, _asked: Said, answer: Said) -> None:
    """GetDiagnostics names the file; no name means that there is nothing to upload (1.6 §6.25)."""
    logs.answered(command=command.pk, file_name=str(answer.get("fileName") or ""), nothing=not answer.get("fileName"))


def _log(command: Command, _asked: Said, answer: Said) -> None:
    logs.answered(command=command.pk, file_name=str(answer.get("filename") or ""), nothing=False)


def _object(said: Said, name: str) -> Said:
    value = said.get(name)
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _number(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value < 2**31 else 0


def _new_password(command: Command, password: str) -> None:
    try:
        credentials.store(station=ChargingStation.objects.get(pk=command.station_id), password=password)
    except Invalid:
        logger.warning(
            "a password that we cannot keep was accepted station=%s command=%s", command.station_id, command.uid
        )


EFFECTS: dict[tuple[str, str], Effect] = {
    ("1.6", "GetConfiguration"): _configuration,
    ("1.6", "ChangeConfiguration"): _configured,
    ("1.6", "GetDiagnostics"): _diagnostics,
    ("1.6", "GetLog"): _log,
    ("2.0.1", "GetVariables"): _got,
    ("2.0.1", "SetVariables"): _set,
    ("2.0.1", "GetLog"): _log,
}
