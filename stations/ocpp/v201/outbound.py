"""What a 2.0.1 station can be asked: command → action and payload. Letters and numbers are use cases of part 2."""

from typing import Any

from stations.vocabulary import commands
from stations.vocabulary.commands import CommandNotSupported
from stations.vocabulary.values import EvseRef

from .. import alike, frames, scalars
from ..call import Encoder
from . import translate


def request_start(command: commands.RequestStart) -> tuple[str, str]:
    """F01."""
    payload = _evse_id(command.evse) | {
        "idToken": translate.id_token_type(command.token),
        "remoteStartId": command.remote_start_id,
    }
    return "RequestStartTransaction", alike.with_profile(payload, command.charging_profile)


def request_stop(command: commands.RequestStop) -> tuple[str, str]:
    """F03."""
    return "RequestStopTransaction", frames.dumps({"transactionId": command.transaction_id})


def reset(command: commands.Reset) -> tuple[str, str]:
    """B11, B12. `evseId` only when it is asked for."""
    return "Reset", frames.dumps({"type": command.when} | _evse_id(command.evse))


def unlock_connector(command: commands.UnlockConnector) -> tuple[str, str]:
    """F05."""
    evse = command.evse
    return "UnlockConnector", frames.dumps({"evseId": evse.id, "connectorId": evse.connector or 1})


def trigger_message(command: commands.TriggerMessage) -> tuple[str, str]:
    """F06."""
    payload: dict[str, Any] = {} if command.evse is None else {"evse": translate.evse_type(command.evse)}
    return "TriggerMessage", frames.dumps(payload | {"requestedMessage": command.message})


def get_variables(command: commands.GetVariables) -> tuple[str, str]:
    """B06. All of them is what GetBaseReport is for."""
    if not command.names:
        raise CommandNotSupported("2.0.1 reads all variables by GetBaseReport")
    return "GetVariables", frames.dumps({"getVariableData": [_variable(*name) for name in command.names]})


def set_variable(command: commands.SetVariable) -> tuple[str, str]:
    """B05. The value stays text."""
    entry = {"attributeValue": command.value} | _variable(command.component, command.variable)
    return "SetVariables", frames.dumps({"setVariableData": [entry]})


def change_availability(command: commands.ChangeAvailability) -> tuple[str, str]:
    """G03, G04."""
    payload: dict[str, Any] = (
        {} if not command.evse or not command.evse.id else {"evse": translate.evse_type(command.evse)}
    )
    return "ChangeAvailability", frames.dumps(
        payload | {"operationalStatus": "Operative" if command.operative else "Inoperative"}
    )


def get_base_report(command: commands.GetBaseReport) -> tuple[str, str]:
    """B07."""
    return "GetBaseReport", frames.dumps({"requestId": command.request_id, "reportBase": command.base})


def get_log(command: commands.GetLog) -> tuple[str, str]:
    """N01."""
    period = {"oldestTimestamp": command.since, "latestTimestamp": command.until}
    log = {"remoteLocation": command.url} | {name: scalars.timestamp(at) for name, at in period.items() if at}
    return "GetLog", frames.dumps({"log": log, "logType": command.log_type, "requestId": command.request_id})


def update_firmware(command: commands.UpdateFirmware) -> tuple[str, str]:
    """L02."""
    firmware = {"location": command.url, "retrieveDateTime": scalars.second(command.retrieve_at)}
    return "UpdateFirmware", frames.dumps({"requestId": command.request_id, "firmware": firmware})


def set_charging_profile(command: commands.SetChargingProfile) -> tuple[str, str]:
    """K01. EVSE 0 is the whole station."""
    profile = {"id": command.profile_id} | alike.profile(command)
    if command.transaction_id is not None:
        profile["transactionId"] = command.transaction_id
    profile["chargingSchedule"] = [{"id": 1} | alike.schedule(command)]
    evse = command.evse.id if command.evse else 0
    return "SetChargingProfile", frames.dumps({"evseId": evse, "chargingProfile": profile})


def clear_charging_profile(command: commands.ClearChargingProfile) -> tuple[str, str]:
    """K10."""
    return "ClearChargingProfile", frames.dumps({"chargingProfileId": command.profile_id})


def get_composite_schedule(command: commands.GetCompositeSchedule) -> tuple[str, str]:
    """K08."""
    evse = command.evse.id if command.evse else 0
    asked = {"duration": command.duration, "chargingRateUnit": command.unit, "evseId": evse}
    return "GetCompositeSchedule", frames.dumps(asked)


def _evse_id(evse: EvseRef | None) -> dict[str, Any]:
    return {} if evse is None else {"evseId": evse.id}


def _variable(component: str, variable: str) -> dict[str, Any]:
    return {"component": {"name": component}, "variable": {"name": variable}}


ENCODERS: dict[type, Encoder] = {
    commands.RequestStart: request_start,
    commands.RequestStop: request_stop,
    commands.Reset: reset,
    commands.UnlockConnector: unlock_connector,
    commands.TriggerMessage: trigger_message,
    commands.GetVariables: get_variables,
    commands.SetVariable: set_variable,
    commands.ChangeAvailability: change_availability,
    commands.GetBaseReport: get_base_report,
    commands.GetLog: get_log,
    commands.UpdateFirmware: update_firmware,
    commands.ClearCache: alike.clear_cache,
    commands.SetChargingProfile: set_charging_profile,
    commands.ClearChargingProfile: clear_charging_profile,
    commands.GetCompositeSchedule: get_composite_schedule,
    commands.RawCall: alike.raw_call,
}
