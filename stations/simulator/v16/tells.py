"""What a 1.6 charge point tells by itself."""

import json
import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ocpp.v16 import call

from .. import signing
from ..clock import iso
from ..hardware import Connector, Reading, Transaction
from ..limits import VOLTS
from ..line import Broken, Line, Message

if TYPE_CHECKING:
    from ..station import Station

logger = logging.getLogger(__name__)


class Tells:
    """`station` is the hardware behind the words. Raises `line.Broken` and `line.Refused` except for what is queued."""

    def __init__(self, station: "Station") -> None:
        self.station = station
        self.line: Line = station.line
        self.log_status = self.firmware_status = "Idle"

    def _now(self, at: datetime | None = None) -> str:
        return iso(self.line.stamp(at or self.station.clock.now()))

    async def boot(self, reason: str) -> tuple[str, int]:
        spec = self.station.spec
        answer = await self.line.ask(
            call.BootNotification(
                charge_point_model=spec.model,
                charge_point_vendor=spec.vendor,
                charge_point_serial_number=spec.serial or spec.identity,
                firmware_version=self.station.firmware,
                meter_type="Iskra WM3",
            )
        )
        return answer["status"], answer.get("interval", 0)

    async def heartbeat(self) -> None:
        await self.line.ask(call.Heartbeat())

    async def station_status(self) -> None:
        status = "Available" if self.station.operative else "Unavailable"
        await self.line.ask(call.StatusNotification(0, "NoError", status, timestamp=self._now()))

    async def status(self, connector: Connector) -> None:
        await self.line.ask(
            call.StatusNotification(
                connector_id=connector.id,
                error_code=connector.error_code,
                status=connector.status,
                timestamp=self._now(),
                info=connector.info or None,
                vendor_id=self.station.spec.vendor if connector.vendor_error_code else None,
                vendor_error_code=connector.vendor_error_code or None,
            )
        )

    async def charging_state(self, connector: Connector) -> None:
        """1.6 says it with the connector's status."""

    async def authorize(self, token: str) -> bool:
        answer = await self.line.ask(call.Authorize(id_tag=token))
        return bool(answer["idTagInfo"]["status"] == "Accepted")

    async def started(self, connector: Connector, transaction: Transaction) -> None:
        at = self._now(transaction.started_at)

        def answered(answer: dict[str, Any]) -> None:
            if answer:
                transaction.id = str(answer["transactionId"])
                transaction.refused = answer["idTagInfo"]["status"] != "Accepted"

        payload = call.StartTransaction(
            connector_id=connector.id,
            id_tag=transaction.token,
            meter_start=transaction.meter_start,
            timestamp=at,
            reservation_id=transaction.reservation_id,
        )
        await self.line.deliver(Message(lambda: payload, answered))

    async def metered(self, connector: Connector, transaction: Transaction, reading: Reading) -> None:
        value = self._meter_value(reading, "Sample.Periodic")
        await self.line.deliver(
            Message(lambda: call.MeterValues(connector.id, [value], transaction_id=_number(transaction)))
        )

    async def ended(
        self, connector: Connector, transaction: Transaction, reason: str, token: str | None, at: datetime | None = None
    ) -> None:
        meter, timestamp = connector.register_wh, self._now(at)
        sworn = self._sworn(connector, transaction, at) if self.station.spec.signs else None
        await self.line.deliver(
            Message(
                lambda: call.StopTransaction(
                    meter_stop=meter,
                    timestamp=timestamp,
                    transaction_id=_number(transaction) or -1,
                    reason=reason,
                    id_tag=token,
                    transaction_data=sworn,
                )
            )
        )

    def _sworn(self, connector: Connector, transaction: Transaction, at: datetime | None) -> list[dict[str, Any]]:
        """The signed records of begin and end, as transactionData."""
        moments = (
            (signing.BEGIN, transaction.started_at, transaction.meter_start),
            (signing.END, at or self.station.clock.now(), connector.register_wh),
        )
        return [
            {
                "timestamp": self._now(moment),
                "sampled_value": [
                    {
                        "value": json.dumps(
                            self.station.sworn(connector, transaction, context=context, at=moment, register_wh=register)
                        ),
                        "format": "SignedData",
                        "context": context,
                        "measurand": "Energy.Active.Import.Register",
                    }
                ],
            }
            for context, moment, register in moments
        ]

    def _meter_value(self, reading: Reading, context: str) -> dict[str, Any]:
        def sample(measurand: str, value: object, unit: str, phase: str | None = None) -> dict[str, Any]:
            return {"value": str(value), "measurand": measurand, "unit": unit, "context": context, "phase": phase}

        samples = [
            sample("Energy.Active.Import.Register", reading.register_wh, "Wh"),
            sample("Power.Active.Import", reading.power_w, "W"),
            *(sample("Current.Import", reading.amperes, "A", f"L{n}") for n in range(1, reading.phases + 1)),
            sample("Voltage", VOLTS, "V", "L1-N"),
        ]
        if reading.soc is not None:
            samples.append({**sample("SoC", reading.soc, "Percent"), "location": "EV"})
        return {"timestamp": self._now(reading.at), "sampled_value": samples}

    async def say_meter(self, connector: Connector) -> None:
        value = self._meter_value(connector.reading(self.station.clock.now()), "Trigger")
        number = _number(connector.transaction) if connector.transaction else None
        await self.line.ask(call.MeterValues(connector.id, [value], transaction_id=number))

    async def say_log_status(self, status: str) -> None:
        self.log_status = "Idle" if status.startswith("Upload") and status != "Uploading" else status
        await self.line.ask(call.DiagnosticsStatusNotification(status))

    async def say_firmware_status(self, status: str) -> None:
        self.firmware_status = "Idle" if status in ("Installed", "DownloadFailed") else status
        try:
            await self.line.ask(call.FirmwareStatusNotification(status))
        except Broken:
            logger.debug("station=%s firmware status %s unheard", self.station.identity, status)


def _number(transaction: Transaction) -> int | None:
    return int(transaction.id) if transaction.id is not None else None
