"""OCPP 1.6J as a charge point speaks it: `tells` its own messages, here its answers to the central system's."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ocpp.routing import after, on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.datatypes import KeyValue

from .. import maintenance, orders
from ..clock import iso, parse
from ..line import answering
from .configuration import Configuration
from .tells import Tells

if TYPE_CHECKING:
    from ..station import Station

TRIGGERS = ("BootNotification", "Heartbeat", "StatusNotification", "MeterValues", "DiagnosticsStatusNotification", "FirmwareStatusNotification")  # fmt: skip


class V16(Tells, ChargePoint):
    def __init__(self, station: "Station") -> None:
        ChargePoint.__init__(self, station.identity, station.line, logger=answering)
        Tells.__init__(self, station)
        self.configuration = Configuration(connectors=station.spec.connectors, obey=self._obey)

    def _obey(self, key: str, value: str) -> None:
        if key == "MeterValueSampleInterval" and int(value):
            self.station.sample_s = int(value)
        elif key == "HeartbeatInterval":
            self.station.heartbeat_s = int(value)

    # ---- what it is asked: transactions --------------------------------------------------------------------------------

    @on("RemoteStartTransaction")
    def on_remote_start(self, id_tag: str, connector_id: int | None = None, charging_profile: Any = None) -> Any:
        willing = orders.remote_start(self.station, id_tag, connector_id, profile=charging_profile)
        return call_result.RemoteStartTransaction("Accepted" if willing else "Rejected")

    @after("RemoteStartTransaction")
    def after_remote_start(self, **asked: Any) -> None:
        self.station.later(
            orders.begin_remote(self.station, authorize=self.configuration["AuthorizeRemoteTxRequests"] == "true")
        )

    @on("RemoteStopTransaction")
    def on_remote_stop(self, transaction_id: int) -> Any:
        known = self.station.with_transaction(str(transaction_id))
        return call_result.RemoteStopTransaction("Accepted" if known else "Rejected")

    @after("RemoteStopTransaction")
    def after_remote_stop(self, transaction_id: int) -> None:
        connector = self.station.with_transaction(str(transaction_id))
        if connector:
            self.station.later(self.station.stop(connector.id, reason="Remote"))

    @on("UnlockConnector")
    def on_unlock(self, connector_id: int) -> Any:
        return call_result.UnlockConnector("Unlocked" if connector_id in self.station.connectors else "NotSupported")

    @after("UnlockConnector")
    def after_unlock(self, connector_id: int) -> None:
        if connector_id in self.station.connectors:
            self.station.later(orders.unlock(self.station, connector_id))

    # ---- what it is asked: the station itself ----------------------------------------------------------------------------

    @on("Reset")
    def on_reset(self, type: str) -> Any:
        return call_result.Reset("Accepted")

    @after("Reset")
    def after_reset(self, type: str) -> None:
        self.station.later(maintenance.reboot(self.station, stop_reason=f"{type}Reset", boot_reason="RemoteReset"))

    @on("ChangeAvailability")
    def on_change_availability(self, connector_id: int, type: str) -> Any:
        word = orders.change_availability(self.station, connector_id or None, operative=type == "Operative")
        return call_result.ChangeAvailability(word)

    @after("ChangeAvailability")
    def after_change_availability(self, connector_id: int, type: str) -> None:
        self.station.later(orders.show_availability(self.station))

    @on("GetConfiguration")
    def on_get_configuration(self, key: list[str] | None = None) -> Any:
        found, unknown = self.configuration.read(key or [])
        return call_result.GetConfiguration([KeyValue(*entry) for entry in found], unknown or None)

    @on("ChangeConfiguration")
    def on_change_configuration(self, key: str, value: str) -> Any:
        return call_result.ChangeConfiguration(self.configuration.change(key, value))

    @on("ClearCache")
    def on_clear_cache(self) -> Any:
        return call_result.ClearCache("Accepted")

    @on("DataTransfer")
    def on_data_transfer(self, **asked: Any) -> Any:
        return call_result.DataTransfer("UnknownVendorId")

    @on("TriggerMessage")
    def on_trigger(self, requested_message: str, connector_id: int | None = None) -> Any:
        if requested_message not in TRIGGERS:
            return call_result.TriggerMessage("NotImplemented")
        known = connector_id is None or connector_id == 0 or connector_id in self.station.connectors
        return call_result.TriggerMessage("Accepted" if known else "Rejected")

    @after("TriggerMessage")
    def after_trigger(self, requested_message: str, connector_id: int | None = None) -> None:
        known = connector_id is None or connector_id == 0 or connector_id in self.station.connectors
        if known and requested_message in TRIGGERS:
            self.station.later(self._say(requested_message, connector_id))

    async def _say(self, message: str, number: int | None) -> None:
        """One message on request. Connector 0 or none means all where it makes sense."""
        chosen = [self.station.connectors[number]] if number else list(self.station.connectors.values())
        if message == "BootNotification":
            await self.boot("Triggered")
        elif message == "Heartbeat":
            await self.heartbeat()
        elif message == "DiagnosticsStatusNotification":
            await self.say_log_status(self.log_status)
        elif message == "FirmwareStatusNotification":
            await self.say_firmware_status(self.firmware_status)
        elif message == "StatusNotification":
            if not number:
                await self.station_status()
            for connector in chosen if number != 0 else ():
                await self.status(connector)
        else:
            for connector in chosen:
                await self.say_meter(connector)

    # ---- what it is asked: files -----------------------------------------------------------------------------------------

    @on("GetDiagnostics")
    def on_get_diagnostics(self, location: str, **asked: Any) -> Any:
        return call_result.GetDiagnostics(file_name=self._log_name())

    @after("GetDiagnostics")
    def after_get_diagnostics(self, location: str, **asked: Any) -> None:
        self.station.later(
            maintenance.upload_log(
                self.station, url=location, name=self._log_name(), say=self.say_log_status, failed="UploadFailed"
            )
        )

    def _log_name(self) -> str:
        return f"diagnostics-{self.station.identity}.log"

    @on("UpdateFirmware")
    def on_update_firmware(self, location: str, retrieve_date: str, **asked: Any) -> Any:
        return call_result.UpdateFirmware()

    @after("UpdateFirmware")
    def after_update_firmware(self, location: str, retrieve_date: str, **asked: Any) -> None:
        self.station.later(self._update_firmware(location, parse(retrieve_date)))

    async def _update_firmware(self, location: str, at: datetime) -> None:
        wait = at - self.station.clock.now()
        await self.station.clock.sleep(max(0.0, wait / timedelta(seconds=1)))
        await maintenance.update_firmware(self.station, url=location, say=self.say_firmware_status)

    # ---- what it is asked: lists, reservations, profiles -------------------------------------------------------------------

    @on("GetLocalListVersion")
    def on_get_local_list_version(self) -> Any:
        return call_result.GetLocalListVersion(self.station.local_list.version)

    @on("SendLocalList")
    def on_send_local_list(
        self, list_version: int, update_type: str, local_authorization_list: list[Mapping[str, Any]] | None = None
    ) -> Any:
        entries = [(entry["id_tag"], entry.get("id_tag_info")) for entry in local_authorization_list or ()]
        done = self.station.local_list.take(list_version, entries, full=update_type == "Full")
        return call_result.SendLocalList("Accepted" if done else "VersionMismatch")

    @on("ReserveNow")
    def on_reserve(self, connector_id: int, expiry_date: str, id_tag: str, reservation_id: int, **asked: Any) -> Any:
        word = orders.reserve(self.station, connector_id, reservation_id, id_tag, parse(expiry_date))
        return call_result.ReserveNow(word)

    @after("ReserveNow")
    def after_reserve(self, **asked: Any) -> None:
        self.station.later(orders.show_reservations(self.station))

    @on("CancelReservation")
    def on_cancel_reservation(self, reservation_id: int) -> Any:
        return call_result.CancelReservation(
            "Accepted" if orders.cancel_reservation(self.station, reservation_id) else "Rejected"
        )

    @after("CancelReservation")
    def after_cancel_reservation(self, **asked: Any) -> None:
        self.station.later(orders.show_reservations(self.station))

    @on("SetChargingProfile")
    def on_set_charging_profile(self, connector_id: int, cs_charging_profiles: dict[str, Any]) -> Any:
        done = orders.take_profile(self.station, cs_charging_profiles, connector_id)
        return call_result.SetChargingProfile("Accepted" if done else "Rejected")

    @on("ClearChargingProfile")
    def on_clear_charging_profile(
        self,
        id: int | None = None,
        connector_id: int | None = None,
        charging_profile_purpose: str | None = None,
        stack_level: int | None = None,
    ) -> Any:
        cleared = orders.clear_profiles(
            self.station, id=id, connector=connector_id, purpose=charging_profile_purpose, stack_level=stack_level
        )
        return call_result.ClearChargingProfile("Accepted" if cleared else "Unknown")

    @on("GetCompositeSchedule")
    def on_get_composite_schedule(self, connector_id: int, duration: int, charging_rate_unit: str | None = None) -> Any:
        if connector_id and connector_id not in self.station.connectors:
            return call_result.GetCompositeSchedule("Rejected")
        now = self.station.clock.now()
        return call_result.GetCompositeSchedule(
            "Accepted",
            connector_id=connector_id,
            schedule_start=iso(now),
            charging_schedule={
                "duration": duration,
                "charging_rate_unit": charging_rate_unit or "W",
                "charging_schedule_period": orders.composite(
                    self.station, connector_id, duration, charging_rate_unit or "W"
                ),
            },
        )
