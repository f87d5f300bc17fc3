"""OCPP 2.x as a charging station speaks it: `tells` its own messages, here its answers to the central system's."""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ocpp.routing import after, on
from ocpp.v201 import ChargePoint, call, call_result

from .. import maintenance, orders
from ..clock import iso, parse
from ..line import Broken, answering
from .device_model import DeviceModel, Name
from .tells import Tells

if TYPE_CHECKING:
    from ..station import Station

logger = logging.getLogger(__name__)

TRIGGERS = ("BootNotification", "Heartbeat", "StatusNotification", "MeterValues", "TransactionEvent", "LogStatusNotification", "FirmwareStatusNotification")  # fmt: skip


class V201(Tells, ChargePoint):
    def __init__(self, station: "Station") -> None:
        ChargePoint.__init__(self, station.identity, station.line, logger=answering)
        Tells.__init__(self, station)
        self.device_model = DeviceModel(obey=self._obey)
        self.log_status = self.firmware_status = "Idle"

    def _obey(self, name: Name, value: str) -> None:
        if name == ("SampledDataCtrlr", "TxUpdatedInterval") and int(value):
            self.station.sample_s = int(value)
        elif name == ("OCPPCommCtrlr", "HeartbeatInterval"):
            self.station.heartbeat_s = int(value)

    # ---- what it is asked: transactions --------------------------------------------------------------------------------

    @on("RequestStartTransaction")
    def on_request_start(
        self,
        id_token: Mapping[str, Any],
        remote_start_id: int,
        evse_id: int | None = None,
        charging_profile: Any = None,
        **asked: Any,
    ) -> Any:
        willing = orders.remote_start(
            self.station, id_token["id_token"], evse_id, remote_start_id=remote_start_id, profile=charging_profile
        )
        return call_result.RequestStartTransaction("Accepted" if willing else "Rejected")

    @after("RequestStartTransaction")
    def after_request_start(self, **asked: Any) -> None:
        authorize = self.device_model.variables["AuthCtrlr", "AuthorizeRemoteStart"] == "true"
        self.station.later(orders.begin_remote(self.station, authorize=authorize))

    @on("RequestStopTransaction")
    def on_request_stop(self, transaction_id: str, **asked: Any) -> Any:
        known = self.station.with_transaction(transaction_id)
        return call_result.RequestStopTransaction("Accepted" if known else "Rejected")

    @after("RequestStopTransaction")
    def after_request_stop(self, transaction_id: str, **asked: Any) -> None:
        connector = self.station.with_transaction(transaction_id)
        if connector:
            self.station.later(self.station.stop(connector.id, reason="Remote"))

    @on("GetTransactionStatus")
    def on_get_transaction_status(self, transaction_id: str | None = None, **asked: Any) -> Any:
        running = self.station.with_transaction(transaction_id) if transaction_id else None
        return call_result.GetTransactionStatus(
            messages_in_queue=bool(self.line.queue),
            ongoing_indicator=bool(running) if transaction_id else None,
        )

    @on("UnlockConnector")
    def on_unlock(self, evse_id: int, connector_id: int, **asked: Any) -> Any:
        connector = self.station.connectors.get(evse_id)
        if connector is None or connector_id != 1:
            return call_result.UnlockConnector("UnknownConnector")
        return call_result.UnlockConnector("OngoingAuthorizedTransaction" if connector.transaction else "Unlocked")

    # ---- what it is asked: the station itself ----------------------------------------------------------------------------

    @on("Reset")
    def on_reset(self, type: str, evse_id: int | None = None, **asked: Any) -> Any:
        if evse_id is not None:
            return call_result.Reset("Rejected", status_info={"reason_code": "UnsupportedParam"})
        return call_result.Reset("Scheduled" if type == "OnIdle" and self.station.busy else "Accepted")

    @after("Reset")
    def after_reset(self, type: str, evse_id: int | None = None, **asked: Any) -> None:
        if evse_id is not None:
            return
        if type == "OnIdle" and self.station.busy:
            self.station.reboots_when_idle = True
            return
        self.station.later(maintenance.reboot(self.station, stop_reason="ImmediateReset", boot_reason="RemoteReset"))

    @on("ChangeAvailability")
    def on_change_availability(
        self, operational_status: str, evse: Mapping[str, Any] | None = None, **asked: Any
    ) -> Any:
        word = orders.change_availability(self.station, _evse_id(evse), operative=operational_status == "Operative")
        return call_result.ChangeAvailability(word)

    @after("ChangeAvailability")
    def after_change_availability(self, **asked: Any) -> None:
        self.station.later(orders.show_availability(self.station))

    @on("GetVariables")
    def on_get_variables(self, get_variable_data: Sequence[Mapping[str, Any]], **asked: Any) -> Any:
        return call_result.GetVariables([self.device_model.read(entry) for entry in get_variable_data])

    @on("SetVariables")
    def on_set_variables(self, set_variable_data: Sequence[Mapping[str, Any]], **asked: Any) -> Any:
        return call_result.SetVariables([self.device_model.write(entry) for entry in set_variable_data])

    @on("GetBaseReport")
    def on_get_base_report(self, request_id: int, report_base: str, **asked: Any) -> Any:
        return call_result.GetBaseReport("NotSupported" if report_base == "SummaryInventory" else "Accepted")

    @after("GetBaseReport")
    def after_get_base_report(self, request_id: int, report_base: str, **asked: Any) -> None:
        if report_base != "SummaryInventory":
            self.station.later(self.report(request_id, self.device_model.inventory(self.station)))

    @on("GetReport")
    def on_get_report(self, request_id: int, **asked: Any) -> Any:
        return call_result.GetReport("Accepted")

    @after("GetReport")
    def after_get_report(self, request_id: int, **asked: Any) -> None:
        self.station.later(self.report(request_id, self.device_model.inventory(self.station)))

    @on("ClearCache")
    def on_clear_cache(self, **asked: Any) -> Any:
        return call_result.ClearCache("Accepted")

    @on("DataTransfer")
    def on_data_transfer(self, **asked: Any) -> Any:
        return call_result.DataTransfer("UnknownVendorId")

    @on("CostUpdated")
    def on_cost_updated(self, **asked: Any) -> Any:
        return call_result.CostUpdated()

    @on("TriggerMessage")
    def on_trigger(self, requested_message: str, evse: Mapping[str, Any] | None = None, **asked: Any) -> Any:
        if requested_message not in TRIGGERS:
            return call_result.TriggerMessage("NotImplemented")
        return call_result.TriggerMessage("Accepted" if self._triggers(requested_message, evse) else "Rejected")

    def _triggers(self, message: str, evse: Mapping[str, Any] | None) -> bool:
        number = _evse_id(evse)
        return message in TRIGGERS and (number is None or number in self.station.connectors)

    @after("TriggerMessage")
    def after_trigger(self, requested_message: str, evse: Mapping[str, Any] | None = None, **asked: Any) -> None:
        if self._triggers(requested_message, evse):
            self.station.later(self._say(requested_message, _evse_id(evse)))

    async def _say(self, message: str, number: int | None) -> None:
        chosen = [self.station.connectors[number]] if number else list(self.station.connectors.values())
        if message == "BootNotification":
            await self.boot("Triggered")
        elif message == "Heartbeat":
            await self.heartbeat()
        elif message == "LogStatusNotification":
            await self.line.ask(call.LogStatusNotification(status=self.log_status))
        elif message == "FirmwareStatusNotification":
            await self.line.ask(call.FirmwareStatusNotification(status=self.firmware_status))
        else:
            for connector in chosen:
                await self.say_of(message, connector)

    # ---- what it is asked: files -----------------------------------------------------------------------------------------

    @on("GetLog")
    def on_get_log(self, log: Mapping[str, Any], log_type: str, request_id: int, **asked: Any) -> Any:
        return call_result.GetLog("Accepted", filename=self._log_name(log_type))

    @after("GetLog")
    def after_get_log(self, log: Mapping[str, Any], log_type: str, request_id: int, **asked: Any) -> None:
        async def say(status: str) -> None:
            self.log_status = "Uploading" if status == "Uploading" else "Idle"
            await self.line.ask(call.LogStatusNotification(status=status, request_id=request_id))

        self.station.later(
            maintenance.upload_log(
                self.station,
                url=log["remote_location"],
                name=self._log_name(log_type),
                say=say,
                failed="UploadFailure",
            )
        )

    def _log_name(self, log_type: str) -> str:
        return f"{log_type.lower()}-{self.station.identity}.log"

    @on("UpdateFirmware")
    def on_update_firmware(self, request_id: int, firmware: Mapping[str, Any], **asked: Any) -> Any:
        return call_result.UpdateFirmware("Accepted")

    @after("UpdateFirmware")
    def after_update_firmware(self, request_id: int, firmware: Mapping[str, Any], **asked: Any) -> None:
        self.station.later(self._update_firmware(request_id, firmware))

    async def _update_firmware(self, request_id: int, firmware: Mapping[str, Any]) -> None:
        async def say(status: str) -> None:
            self.firmware_status = "Idle" if status in ("Installed", "DownloadFailed") else status
            try:
                await self.line.ask(call.FirmwareStatusNotification(status=status, request_id=request_id))
            except Broken:
                logger.debug("station=%s firmware status %s unheard", self.station.identity, status)

        wait = parse(firmware["retrieve_date_time"]) - self.station.clock.now()
        await self.station.clock.sleep(max(0.0, wait / timedelta(seconds=1)))
        await maintenance.update_firmware(self.station, url=firmware["location"], say=say)

    # ---- what it is asked: lists, reservations, profiles -------------------------------------------------------------------

    @on("GetLocalListVersion")
    def on_get_local_list_version(self, **asked: Any) -> Any:
        return call_result.GetLocalListVersion(self.station.local_list.version)

    @on("SendLocalList")
    def on_send_local_list(
        self,
        version_number: int,
        update_type: str,
        local_authorization_list: Sequence[Mapping[str, Any]] | None = None,
        **asked: Any,
    ) -> Any:
        entries = [(e["id_token"]["id_token"], e.get("id_token_info")) for e in local_authorization_list or ()]
        done = self.station.local_list.take(version_number, entries, full=update_type == "Full")
        return call_result.SendLocalList("Accepted" if done else "VersionMismatch")

    @on("ReserveNow")
    def on_reserve(
        self, id: int, expiry_date_time: str, id_token: Mapping[str, Any], evse_id: int | None = None, **asked: Any
    ) -> Any:
        word = orders.reserve(self.station, evse_id or 0, id, id_token["id_token"], parse(expiry_date_time))
        return call_result.ReserveNow(word)

    @after("ReserveNow")
    def after_reserve(self, **asked: Any) -> None:
        self.station.later(orders.show_reservations(self.station))

    @on("CancelReservation")
    def on_cancel_reservation(self, reservation_id: int, **asked: Any) -> Any:
        done = orders.cancel_reservation(self.station, reservation_id)
        return call_result.CancelReservation("Accepted" if done else "Rejected")

    @after("CancelReservation")
    def after_cancel_reservation(self, **asked: Any) -> None:
        self.station.later(orders.show_reservations(self.station))

    @on("SetChargingProfile")
    def on_set_charging_profile(self, evse_id: int, charging_profile: dict[str, Any], **asked: Any) -> Any:
        done = orders.take_profile(self.station, charging_profile, evse_id)
        return call_result.SetChargingProfile("Accepted" if done else "Rejected")

    @on("ClearChargingProfile")
    def on_clear_charging_profile(
        self,
        charging_profile_id: int | None = None,
        charging_profile_criteria: Mapping[str, Any] | None = None,
        **asked: Any,
    ) -> Any:
        criteria = charging_profile_criteria or {}
        cleared = orders.clear_profiles(
            self.station,
            id=charging_profile_id,
            connector=criteria.get("evse_id"),
            purpose=criteria.get("charging_profile_purpose"),
            stack_level=criteria.get("stack_level"),
        )
        return call_result.ClearChargingProfile("Accepted" if cleared else "Unknown")

    @on("GetCompositeSchedule")
    def on_get_composite_schedule(
        self, duration: int, evse_id: int, charging_rate_unit: str | None = None, **asked: Any
    ) -> Any:
        if evse_id and evse_id not in self.station.connectors:
            return call_result.GetCompositeSchedule("Rejected")
        unit = charging_rate_unit or "W"
        schedule = {
            "evse_id": evse_id,
            "duration": duration,
            "schedule_start": iso(self.station.clock.now()),
            "charging_rate_unit": unit,
            "charging_schedule_period": orders.composite(self.station, evse_id, duration, unit),
        }
        return call_result.GetCompositeSchedule("Accepted", schedule=schedule)


def _evse_id(evse: Mapping[str, Any] | None) -> int | None:
    return (evse or {}).get("id") or None
