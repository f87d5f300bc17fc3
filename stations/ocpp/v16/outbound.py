"""What a 1.6 station can be asked: command → action and payload. Chapter numbers are those of OCPP 1.6 edition 2."""

from typing import Any

from stations.vocabulary import commands
from stations.vocabulary.commands import CommandNotSupported
from stations.vocabulary.values import EvseRef

from .. import alike, frames, scalars
from ..call import Encoder
from . import translate


def request_start(command: commands.RequestStart) -> tuple[str, str]:
    """§5.11."""
    payload = _connector(command.evse) | {"idTag": command.token.text}
    return "RemoteStartTransaction", alike.with_profile(payload, command.charging_profile)


def request_stop(command: commands.RequestStop) -> tuple[str, str]:
    """§5.12."""
    number = scalars.whole(command.transaction_id, -scalars.LARGE)
    if number is None:
        raise CommandNotSupported("a 1.6 transaction has a number")
    return "RemoteStopTransaction", frames.dumps({"transactionId": number})


def reset(command: commands.Reset) -> tuple[str, str]:
    """§5.14. The whole station only."""
    if command.when not in translate.RESETS or command.evse not in (None, EvseRef(0, None)):
        raise CommandNotSupported("1.6 resets the whole station, Hard or Soft")
    return "Reset", frames.dumps({"type": translate.RESETS[command.when]})


def unlock_connector(command: commands.UnlockConnector) -> tuple[str, str]:
    """§5.18."""
    return "UnlockConnector", frames.dumps(_connector(command.evse))


def trigger_message(command: commands.TriggerMessage) -> tuple[str, str]:
    """§5.17. No connectorId when none is asked for."""
    message = translate.TRIGGERS.get(command.message)
    if message is None:
        raise CommandNotSupported(f"1.6 cannot trigger {command.message}")
    return "TriggerMessage", frames.dumps({"requestedMessage": message} | _connector(command.evse))


def get_variables(command: commands.GetVariables) -> tuple[str, str]:
    """§5.8. Without names: every key."""
    payload = {"key": [name for _, name in command.names]} if command.names else {}
    return "GetConfiguration", frames.dumps(payload)


def set_variable(command: commands.SetVariable) -> tuple[str, str]:
    """§5.3."""
    return "ChangeConfiguration", frames.dumps({"key": command.variable, "value": command.value})


def change_availability(command: commands.ChangeAvailability) -> tuple[str, str]:
    """§5.2. Connector 0 is the whole station."""
    connector = command.evse.id if command.evse else 0
    kind = "Operative" if command.operative else "Inoperative"
    return "ChangeAvailability", frames.dumps({"connectorId": connector, "type": kind})


def get_base_report(command: commands.GetBaseReport) -> tuple[str, str]:
    raise CommandNotSupported("1.6 has no device model; GetConfiguration reads its keys")


def get_log(command: commands.GetLog) -> tuple[str, str]:
    """§5.9 for diagnostics; the security log only exists in the security extension's GetLog."""
    period = {"start": command.since, "stop": command.until}
    if command.log_type == "DiagnosticsLog":
        times = {f"{name}Time": scalars.timestamp(at) for name, at in period.items() if at}
        return "GetDiagnostics", frames.dumps({"location": command.url} | times)
    names = {"start": "oldestTimestamp", "stop": "latestTimestamp"}
    log = {"remoteLocation": command.url} | {names[k]: scalars.timestamp(at) for k, at in period.items() if at}
    return "GetLog", frames.dumps({"logType": command.log_type, "requestId": command.request_id, "log": log})


def update_firmware(command: commands.UpdateFirmware) -> tuple[str, str]:
    """§5.19."""
    at = scalars.second(command.retrieve_at)
    return "UpdateFirmware", frames.dumps({"location": command.url, "retrieveDate": at})


def set_charging_profile(command: commands.SetChargingProfile) -> tuple[str, str]:
    """§5.16. Connector 0 is the whole station, whose maximum has a name of its own (§7.10)."""
    profile = {"chargingProfileId": command.profile_id} | alike.profile(command)
    profile["chargingProfilePurpose"] = translate.PURPOSES.get(command.purpose, command.purpose)
    if command.transaction_id is not None and (number := scalars.whole(command.transaction_id, -scalars.LARGE)):
        profile["transactionId"] = number
    profile["chargingSchedule"] = alike.schedule(command)
    connector = command.evse.id if command.evse else 0
    return "SetChargingProfile", frames.dumps({"connectorId": connector, "csChargingProfiles": profile})


def clear_charging_profile(command: commands.ClearChargingProfile) -> tuple[str, str]:
    """§5.5."""
    return "ClearChargingProfile", frames.dumps({"id": command.profile_id})


def get_composite_schedule(command: commands.GetCompositeSchedule) -> tuple[str, str]:
    """§5.7."""
    connector = command.evse.id if command.evse else 0
    asked = {"connectorId": connector, "duration": command.duration, "chargingRateUnit": command.unit}
    return "GetCompositeSchedule", frames.dumps(asked)


def _connector(evse: EvseRef | None) -> dict[str, Any]:
    return {} if evse is None else {"connectorId": evse.id}


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
