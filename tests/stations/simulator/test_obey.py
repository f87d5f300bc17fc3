"""What a simulated station answers to each command, and what it does afterwards."""

import asyncio
from typing import Any

import pytest

from .conftest import Yard
from .csms import Csms

TAG = "04A1B2C3"
PROFILE = {
    "chargingProfileId": 5,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6000}]},
}


@pytest.fixture(params=["1.6", "2.0.1"])
def version(request: pytest.FixtureRequest) -> str:
    return request.param


async def start(csms: Csms, version: str, connector: int) -> Any:
    if version == "1.6":
        return await csms.ask("CP-1", "RemoteStartTransaction", id_tag=TAG, connector_id=connector)
    token = {"idToken": TAG, "type": "Central"}
    return await csms.ask("CP-1", "RequestStartTransaction", id_token=token, remote_start_id=9, evse_id=connector)


def started(csms: Csms, version: str) -> list[Any]:
    return csms.of("StartTransaction") if version == "1.6" else csms.events("Started")


def ended(csms: Csms, version: str) -> list[Any]:
    return csms.of("StopTransaction") if version == "1.6" else csms.events("Ended")


async def test_a_remote_start_charges_the_car_that_is_plugged_in(yard: Yard, csms: Csms, version: str) -> None:
    station = await yard.station(version=version)
    await station.plug_in(2)
    assert (await start(csms, version, 2)).status == "Accepted"
    await csms.until(lambda: started(csms, version))
    if version == "2.0.1":
        (event,) = started(csms, version)
        assert (event["triggerReason"], event["transactionInfo"]["remoteStartId"]) == ("RemoteStart", 9)


async def test_a_remote_start_without_a_car_waits_for_the_cable(yard: Yard, csms: Csms, version: str) -> None:
    station = await yard.station(version=version)
    assert (await start(csms, version, 1)).status == "Accepted"
    await station.until(lambda: station.connectors[1].status == "Preparing")
    assert started(csms, version) == []
    await station.plug_in(1)
    assert len(started(csms, version)) == 1


async def test_a_broken_connector_refuses_to_start(yard: Yard, csms: Csms, version: str) -> None:
    await yard.station(version=version, broken={1: ("PowerSwitchFailure", "E-117")})
    assert (await start(csms, version, 1)).status == "Rejected"


async def test_a_remote_stop_ends_the_transaction(yard: Yard, csms: Csms, version: str) -> None:
    station = await yard.station(version=version)
    await station.plug_in(1)
    await station.present(TAG)
    number = station.connectors[1].transaction.id
    action, of = ("RemoteStopTransaction", int) if version == "1.6" else ("RequestStopTransaction", str)
    assert (await csms.ask("CP-1", action, transaction_id=of("999"))).status == "Rejected"
    assert (await csms.ask("CP-1", action, transaction_id=of(number))).status == "Accepted"
    await csms.until(lambda: ended(csms, version))
    reason = ended(csms, version)[0].get("reason") or ended(csms, version)[0]["transactionInfo"]["stoppedReason"]
    assert reason == "Remote"


async def test_a_reset_really_reboots(yard: Yard, csms: Csms, version: str) -> None:
    station = await yard.station(version=version)
    await station.plug_in(1)
    await station.present(TAG)
    word = "Hard" if version == "1.6" else "Immediate"
    assert (await csms.ask("CP-1", "Reset", type=word)).status == "Accepted"
    await csms.until(lambda: csms.actions.count("BootNotification") == 2)
    assert csms.connections == 2
    assert len(ended(csms, version)) == 1


async def test_a_201_reset_on_idle_waits_for_the_car(yard: Yard, csms: Csms) -> None:
    station = await yard.station(version="2.0.1")
    await station.plug_in(1)
    await station.present(TAG)
    assert (await csms.ask("CP-1", "Reset", type="OnIdle")).status == "Scheduled"
    assert csms.connections == 1
    await station.unplug(1)
    await csms.until(lambda: csms.actions.count("BootNotification") == 2)


async def test_unlock_frees_the_cable_of_a_known_connector(yard: Yard, csms: Csms) -> None:
    station = await yard.station()
    await station.plug_in(1)
    await station.present(TAG)
    assert (await csms.ask("CP-1", "UnlockConnector", connector_id=7)).status == "NotSupported"
    assert (await csms.ask("CP-1", "UnlockConnector", connector_id=1)).status == "Unlocked"
    await csms.until(lambda: csms.of("StopTransaction"))
    assert csms.of("StopTransaction")[0]["reason"] == "UnlockCommand"


async def test_out_of_service_shows_as_unavailable(yard: Yard, csms: Csms, version: str) -> None:
    await yard.station(version=version)
    asked: dict[str, Any] = {"connector_id": 2, "type": "Inoperative"}
    if version == "2.0.1":
        asked = {"operational_status": "Inoperative", "evse": {"id": 2}}
    assert (await csms.ask("CP-1", "ChangeAvailability", **asked)).status == "Accepted"
    word = "status" if version == "1.6" else "connectorStatus"
    await csms.until(lambda: csms.of("StatusNotification")[-1][word] == "Unavailable")


async def test_configuration_is_read_and_changed(yard: Yard, csms: Csms) -> None:
    station = await yard.station()
    answer = await csms.ask("CP-1", "GetConfiguration", key=["meterValueSampleInterval", "Nonsense"])
    assert answer.configuration_key == [{"key": "MeterValueSampleInterval", "readonly": False, "value": "60"}]
    assert answer.unknown_key == ["Nonsense"]

    async def change(key: str, value: str) -> str:
        return str((await csms.ask("CP-1", "ChangeConfiguration", key=key, value=value)).status)

    assert await change("MeterValueSampleInterval", "30") == "Accepted"
    assert station.sample_s == 30
    assert await change("MeterValueSampleInterval", "often") == "Rejected"
    assert await change("NumberOfConnectors", "9") == "Rejected"
    assert await change("WebSocketPingInterval", "60") == "RebootRequired"
    assert await change("Nonsense", "1") == "NotSupported"


async def test_variables_are_read_written_and_reported(yard: Yard, csms: Csms) -> None:
    await yard.station(version="2.0.1")
    interval = {"component": {"name": "SampledDataCtrlr"}, "variable": {"name": "TxUpdatedInterval"}}
    nowhere = {"component": {"name": "Toaster"}, "variable": {"name": "Heat"}}
    written = await csms.ask("CP-1", "SetVariables", set_variable_data=[{**interval, "attribute_value": "30"}])
    assert written.set_variable_result[0]["attribute_status"] == "Accepted"
    read = await csms.ask("CP-1", "GetVariables", get_variable_data=[interval, nowhere])
    assert [r["attribute_status"] for r in read.get_variable_result] == ["Accepted", "UnknownComponent"]
    assert read.get_variable_result[0]["attribute_value"] == "30"

    await csms.ask("CP-1", "GetBaseReport", request_id=3, report_base="FullInventory")
    await csms.until(lambda: csms.of("NotifyReport") and not csms.of("NotifyReport")[-1]["tbc"])
    parts = csms.of("NotifyReport")
    assert [p["seqNo"] for p in parts] == list(range(len(parts)))
    evses = {i["component"]["evse"]["id"] for p in parts for i in p["reportData"] if "evse" in i["component"]}
    assert evses == {1, 2}


async def test_triggered_messages_follow_the_answer(yard: Yard, csms: Csms, version: str) -> None:
    await yard.station(version=version)
    before = csms.actions.count("Heartbeat")
    assert (await csms.ask("CP-1", "TriggerMessage", requested_message="Heartbeat")).status == "Accepted"
    await csms.until(lambda: csms.actions.count("Heartbeat") == before + 1)
    await csms.ask("CP-1", "TriggerMessage", requested_message="MeterValues")
    await csms.until(lambda: csms.actions.count("MeterValues") == 2)


async def test_a_profile_caps_what_flows(yard: Yard, csms: Csms) -> None:
    station = await yard.station()
    answer = await csms.ask("CP-1", "SetChargingProfile", connector_id=0, cs_charging_profiles=PROFILE)
    assert answer.status == "Accepted"
    await station.plug_in(1)
    await station.present(TAG)
    await station.charge(minutes=60)
    assert station.connectors[1].register_wh == 6000
    schedule = await csms.ask("CP-1", "GetCompositeSchedule", connector_id=1, duration=600)
    assert schedule.charging_schedule["charging_schedule_period"] == [{"start_period": 0, "limit": 6000.0}]
    assert (await csms.ask("CP-1", "ClearChargingProfile", id=5)).status == "Accepted"
    assert (await csms.ask("CP-1", "ClearChargingProfile", id=5)).status == "Unknown"


async def test_a_profile_for_a_transaction_needs_one(yard: Yard, csms: Csms) -> None:
    await yard.station()
    profile = {**PROFILE, "chargingProfilePurpose": "TxProfile"}
    answer = await csms.ask("CP-1", "SetChargingProfile", connector_id=1, cs_charging_profiles=profile)
    assert answer.status == "Rejected"


async def test_diagnostics_are_really_uploaded(yard: Yard, csms: Csms, version: str) -> None:
    received: list[bytes] = []

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(
            next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")).split()[1]
        )
        received.append(head.split()[0] + b" " + await reader.readexactly(length))
        code = b"405 Method Not Allowed" if head.startswith(b"PUT") else b"201 Created"
        writer.write(b"HTTP/1.1 " + code + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    await yard.station(version=version)
    server = await asyncio.start_server(receive, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/upload/token"
    if version == "1.6":
        answer = await csms.ask("CP-1", "GetDiagnostics", location=url)
        told = "DiagnosticsStatusNotification"
        assert answer.file_name == "diagnostics-CP-1.log"
    else:
        answer = await csms.ask("CP-1", "GetLog", log={"remote_location": url}, log_type="DiagnosticsLog", request_id=4)
        told = "LogStatusNotification"
        assert answer.filename == "diagnosticslog-CP-1.log"
    await csms.until(lambda: len(csms.of(told)) == 2)
    assert [t["status"] for t in csms.of(told)] == ["Uploading", "Uploaded"]
    assert [r[:4] for r in received] == [b"PUT ", b"POST"]
    assert b"BootNotification" in received[1]
    server.close()


async def test_an_upload_that_leads_nowhere_is_reported(yard: Yard, csms: Csms) -> None:
    await yard.station()
    await csms.ask("CP-1", "GetDiagnostics", location="ftp://nowhere.example/")
    await csms.until(lambda: len(csms.of("DiagnosticsStatusNotification")) == 2)
    assert csms.of("DiagnosticsStatusNotification")[1] == {"status": "UploadFailed"}


async def test_new_firmware_shows_after_the_reboot(yard: Yard, csms: Csms, version: str) -> None:
    await yard.station(version=version)
    url, at = "https://files.example/duo22-1.5.0.bin", "2026-05-04T08:10:00Z"
    if version == "1.6":
        await csms.ask("CP-1", "UpdateFirmware", location=url, retrieve_date=at)
    else:
        firmware = {"location": url, "retrieve_date_time": at}
        await csms.ask("CP-1", "UpdateFirmware", request_id=8, firmware=firmware)
    await csms.until(lambda: len(csms.of("FirmwareStatusNotification")) == 4)
    phases = [f["status"] for f in csms.of("FirmwareStatusNotification")]
    assert phases == ["Downloading", "Downloaded", "Installing", "Installed"]
    boot = csms.of("BootNotification")[-1]
    assert (boot.get("firmwareVersion") or boot["chargingStation"]["firmwareVersion"]) == "1.5.0"


async def test_a_reservation_keeps_the_connector_for_its_token(yard: Yard, csms: Csms) -> None:
    await yard.station()
    asked = {"connector_id": 1, "expiry_date": "2026-05-04T09:00:00Z", "id_tag": TAG}
    assert (await csms.ask("CP-1", "ReserveNow", reservation_id=7, **asked)).status == "Accepted"
    await csms.until(lambda: csms.of("StatusNotification")[-1]["status"] == "Reserved")
    assert (await csms.ask("CP-1", "ReserveNow", reservation_id=8, **asked)).status == "Occupied"
    other = await csms.ask("CP-1", "RemoteStartTransaction", id_tag="OTHER", connector_id=1)
    assert other.status == "Rejected"
    assert (await csms.ask("CP-1", "CancelReservation", reservation_id=7)).status == "Accepted"
    assert (await csms.ask("CP-1", "CancelReservation", reservation_id=7)).status == "Rejected"


async def test_a_reservation_and_a_remote_start_expire(yard: Yard, csms: Csms) -> None:
    station = await yard.station()
    asked = {"connector_id": 1, "expiry_date": "2026-05-04T08:10:00Z", "id_tag": TAG}
    await csms.ask("CP-1", "ReserveNow", reservation_id=7, **asked)
    await csms.ask("CP-1", "RemoteStartTransaction", id_tag=TAG, connector_id=2)
    await station.until(lambda: [c.status for c in station.connectors.values()] == ["Reserved", "Preparing"])
    await station.clock.sleep(601)
    await station.tick()
    assert [c.status for c in station.connectors.values()] == ["Available", "Available"]
    assert csms.of("StartTransaction") == []


async def test_a_local_list_must_be_newer(yard: Yard, csms: Csms, version: str) -> None:
    await yard.station(version=version)
    word = "list_version" if version == "1.6" else "version_number"
    for number, kind, status in ((3, "Full", "Accepted"), (3, "Differential", "VersionMismatch")):
        answer = await csms.ask("CP-1", "SendLocalList", update_type=kind, **{word: number})
        assert answer.status == status
    answer = await csms.ask("CP-1", "GetLocalListVersion")
    assert getattr(answer, word) == 3
