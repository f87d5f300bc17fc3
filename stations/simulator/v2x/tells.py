"""What a 2.x station tells by itself. EVSE n has the one connector 1.

The transaction starts when somebody is allowed and the cable is in, and ends when one of the two is over
(TxStartPoint PowerPathClosed, TxStopPoint EVConnected,Authorized).
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ocpp.v201 import call

from .. import signing
from ..clock import iso
from ..hardware import Connector, Reading, Transaction
from ..line import Line, Message

if TYPE_CHECKING:
    from ..station import Station

ITEMS_PER_REPORT = 12
RFID = re.compile(r"^(?:[0-9A-Fa-f]{2}){4,10}$")
REASONS = {"HardReset": "ImmediateReset", "SoftReset": "Reboot", "UnlockCommand": "Other"}
WHY = {
    "EVDisconnected": "EVCommunicationLost",
    "Remote": "RemoteStop",
    "Local": "StopAuthorized",
    "DeAuthorized": "Deauthorized",
    "ImmediateReset": "ResetCommand",
    "UnlockCommand": "UnlockCommand",
}
"""The trigger of an Ended event by the reason for it."""


class Tells:
    """`station` is the hardware behind the words. Raises `line.Broken` and `line.Refused` except for what is queued."""

    def __init__(self, station: "Station") -> None:
        self.station = station
        self.line: Line = station.line
        self._problems: set[int] = set()  # connectors whose fault was explained and not yet called off

    def _now(self, at: datetime | None = None) -> str:
        return iso(self.line.stamp(at or self.station.clock.now()))

    async def boot(self, reason: str) -> tuple[str, int]:
        spec = self.station.spec
        answer = await self.line.ask(
            call.BootNotification(
                charging_station={
                    "model": spec.model,
                    "vendor_name": spec.vendor,
                    "serial_number": spec.serial or spec.identity,
                    "firmware_version": self.station.firmware,
                },
                reason=reason,
            )
        )
        return answer["status"], answer.get("interval", 0)

    async def heartbeat(self) -> None:
        await self.line.ask(call.Heartbeat())

    async def station_status(self) -> None:
        """2.0.1 has no status of the whole station; its EVSEs speak."""

    async def status(self, connector: Connector) -> None:
        busy = connector.status not in ("Available", "Reserved", "Unavailable", "Faulted")
        await self.line.ask(
            call.StatusNotification(
                timestamp=self._now(),
                connector_status="Occupied" if busy else connector.status,
                evse_id=connector.id,
                connector_id=1,
            )
        )
        faulted = connector.status == "Faulted"
        if faulted or connector.id in self._problems:
            await self._explain_fault(connector, over=not faulted)

    async def _explain_fault(self, connector: Connector, *, over: bool) -> None:
        """What a status of 2.x cannot say: which fault, and later that it is over (N07)."""
        event = {
            "event_id": connector.id,
            "timestamp": self._now(),
            "trigger": "Alerting",
            "actual_value": "false" if over else "true",
            "cleared": True if over else None,
            "tech_code": None if over else connector.vendor_error_code or connector.error_code,
            "tech_info": None if over else connector.error_code,
            "component": {"name": "Connector", "evse": {"id": connector.id, "connector_id": 1}},
            "variable": {"name": "Problem"},
            "event_notification_type": "HardWiredNotification",
        }
        await self.line.ask(call.NotifyEvent(generated_at=self._now(), seq_no=0, event_data=[event]))
        self._problems = self._problems - {connector.id} if over else self._problems | {connector.id}

    async def charging_state(self, connector: Connector) -> None:
        """1.6 says it with a status, 2.x with an event of the transaction."""
        transaction = connector.transaction
        state = {"Charging": "Charging", "SuspendedEV": "SuspendedEV", "SuspendedEVSE": "SuspendedEVSE"}
        told = state.get(connector.status)
        if transaction and told and transaction.state != told:
            transaction.state = told
            await self._event(connector, transaction, "Updated", "ChargingStateChanged")

    async def authorize(self, token: str) -> bool:
        answer = await self.line.ask(call.Authorize(id_token=_id_token(token)))
        return bool(answer["idTokenInfo"]["status"] == "Accepted")

    async def started(self, connector: Connector, transaction: Transaction) -> None:
        transaction.id = transaction.key
        trigger = "Authorized" if transaction.remote_start_id is None else "RemoteStart"
        reading = connector.reading(transaction.started_at)
        await self._event(connector, transaction, "Started", trigger, reading=reading, token=transaction.token)

    async def metered(self, connector: Connector, transaction: Transaction, reading: Reading) -> None:
        await self._event(connector, transaction, "Updated", "MeterValuePeriodic", reading=reading)

    async def ended(
        self, connector: Connector, transaction: Transaction, reason: str, token: str | None, at: datetime | None = None
    ) -> None:
        reading = connector.reading(at or self.station.clock.now())
        transaction.state = "Idle"
        await self._event(
            connector,
            transaction,
            "Ended",
            WHY.get(REASONS.get(reason, reason), "AbnormalCondition"),
            reading=reading,
            token=token,
            reason=REASONS.get(reason, reason),
        )

    async def _event(
        self,
        connector: Connector,
        transaction: Transaction,
        kind: str,
        trigger: str,
        *,
        reading: Reading | None = None,
        token: str | None = None,
        reason: str | None = None,
    ) -> None:
        info = {
            "transaction_id": transaction.id,
            "charging_state": transaction.state,
            "stopped_reason": reason,
            "remote_start_id": transaction.remote_start_id if kind == "Started" else None,
        }
        context = {"Started": "Transaction.Begin", "Ended": "Transaction.End"}.get(kind, "Sample.Periodic")
        payload = call.TransactionEvent(
            event_type=kind,
            timestamp=self._now(reading.at if reading else None),
            trigger_reason=trigger,
            seq_no=transaction.next_seq_no(),
            transaction_info=info,
            meter_value=[self._sworn(connector, transaction, reading, context)] if reading else None,
            offline=None if self.line.ready else True,
            evse={"id": connector.id, "connector_id": 1} if kind == "Started" else None,
            id_token=_id_token(token) if token else None,
            reservation_id=transaction.reservation_id if kind == "Started" else None,
        )
        await self.line.deliver(Message(lambda: payload, lambda answer: _heed(answer, transaction)))

    def _sworn(self, connector: Connector, transaction: Transaction, reading: Reading, context: str) -> dict[str, Any]:
        """The reading; of a station that signs, begin and end carry the signed record beside the number."""
        value = self._meter_value(reading, context)
        if self.station.spec.signs and context in (signing.BEGIN, signing.END):
            value["sampled_value"][0]["signed_meter_value"] = self.station.sworn(
                connector, transaction, context=context, at=reading.at, register_wh=reading.register_wh
            )
        return value

    def _meter_value(self, reading: Reading, context: str) -> dict[str, Any]:
        def sample(measurand: str, value: float, unit: str, phase: str | None = None) -> dict[str, Any]:
            unit_of = {"unit": unit}
            return {
                "value": value, "measurand": measurand, "unit_of_measure": unit_of, "context": context, "phase": phase,
            }  # fmt: skip

        phases = [None] if reading.phases == 1 else [f"L{n}" for n in range(1, reading.phases + 1)]
        samples = [
            sample("Energy.Active.Import.Register", reading.register_wh, "Wh"),
            sample("Power.Active.Import", reading.power_w, "W"),
            *(sample("Current.Import", reading.amperes, "A", phase) for phase in phases),
        ]
        if reading.soc is not None:
            samples.append({**sample("SoC", reading.soc, "Percent"), "location": "EV"})
        return {"timestamp": self._now(reading.at), "sampled_value": samples}

    async def report(self, request_id: int, items: list[dict[str, Any]]) -> None:
        """The device model in parts, numbered from 0 (B07)."""
        parts = [items[at : at + ITEMS_PER_REPORT] for at in range(0, len(items), ITEMS_PER_REPORT)]
        for number, part in enumerate(parts):
            await self.line.ask(
                call.NotifyReport(
                    request_id=request_id,
                    generated_at=self._now(),
                    seq_no=number,
                    report_data=part,
                    tbc=number < len(parts) - 1,
                )
            )

    async def say_of(self, message: str, connector: Connector) -> None:
        reading = connector.reading(self.station.clock.now())
        if message == "StatusNotification":
            await self.status(connector)
        elif message == "MeterValues":
            value = self._meter_value(reading, "Trigger")
            await self.line.ask(call.MeterValues(evse_id=connector.id, meter_value=[value]))
        elif connector.transaction:
            await self._event(connector, connector.transaction, "Updated", "Trigger", reading=reading)


def _id_token(text: str) -> dict[str, str]:
    return {"id_token": text, "type": "ISO14443" if RFID.match(text) else "Central"}


def _heed(answer: Mapping[str, Any], transaction: Transaction) -> None:
    """Any answer may withdraw the permission (E06)."""
    info = answer.get("idTokenInfo")
    if info:
        transaction.refused = info["status"] != "Accepted"
