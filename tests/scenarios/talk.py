"""Stations made of the `ocpp` package's own client: what a driver's visit sounds like in 1.6 and in 2.0.1, word by word.

Both talks have the same verbs, so that one scenario is told in either version.
"""

import asyncio
import uuid
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ocpp import v16, v201
from ocpp.routing import on
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed


@dataclass
class Charge:
    """A transaction as its station knows it. `id` comes from the central system in 1.6."""

    connector: int
    tag: str
    meter_start: int
    started_at: datetime
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    seq_no: int = -1

    def next(self) -> int:
        self.seq_no += 1
        return self.seq_no


def iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


class Talk16(v16.ChargePoint):
    subprotocol = "ocpp1.6"

    @on("GetConfiguration")
    def on_get_configuration(self, **asked: Any) -> Any:
        return v16.call_result.GetConfiguration(configuration_key=[])

    async def boot(self) -> str:
        answer = await self.call(v16.call.BootNotification("Duo 22", "Elettra"))
        return str(answer.status)

    async def status(self, connector: int, word: str) -> None:
        await self.call(v16.call.StatusNotification(connector, "NoError", word))

    async def authorize(self, tag: str) -> str:
        return str((await self.call(v16.call.Authorize(tag))).id_tag_info["status"])

    async def begin(self, charge: Charge) -> tuple[str, str]:
        """The transaction id and the token's status, as answered."""
        payload = v16.call.StartTransaction(charge.connector, charge.tag, charge.meter_start, iso(charge.started_at))
        answer = await self.call(payload, suppress=False)
        charge.id = str(answer.transaction_id)
        return charge.id, str(answer.id_tag_info["status"])

    async def meter(self, charge: Charge, wh: int, at: datetime, power_w: int = 11_000, **_: Any) -> None:
        samples = [
            {"value": str(wh), "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
            {"value": str(power_w), "measurand": "Power.Active.Import", "unit": "W"},
        ]
        value = {"timestamp": iso(at), "sampled_value": samples}
        await self.call(v16.call.MeterValues(charge.connector, [value], transaction_id=int(charge.id)), suppress=False)

    async def end(self, charge: Charge, wh: int, at: datetime, reason: str = "EVDisconnected", **_: Any) -> Any:
        payload = v16.call.StopTransaction(wh, iso(at), int(charge.id), reason=reason)
        return await self.call(payload, suppress=False)

    async def begin_and_vanish(self, charge: Charge) -> None:
        """The start is sent; whatever comes back is not heard any more."""
        payload = {
            "connectorId": charge.connector, "idTag": charge.tag, "meterStart": charge.meter_start,
            "timestamp": iso(charge.started_at),
        }  # fmt: skip
        await vanish(self, "StartTransaction", payload)


class Talk201(v201.ChargePoint):
    subprotocol = "ocpp2.0.1"

    @on("GetBaseReport")
    def on_get_base_report(self, **asked: Any) -> Any:
        return v201.call_result.GetBaseReport(status="NotSupported")

    async def boot(self) -> str:
        plate = {"model": "Rapida 150", "vendor_name": "Fulgor"}
        return str((await self.call(v201.call.BootNotification(plate, "PowerUp"))).status)

    async def status(self, connector: int, word: str) -> None:
        word = word if word in ("Available", "Faulted", "Unavailable", "Reserved") else "Occupied"
        await self.call(v201.call.StatusNotification(iso(datetime.now().astimezone()), word, connector, 1))

    async def authorize(self, tag: str) -> str:
        token = {"id_token": tag, "type": "ISO14443"}
        return str((await self.call(v201.call.Authorize(token))).id_token_info["status"])

    async def begin(self, charge: Charge) -> tuple[str, str]:
        """Told again, it has the same number."""
        if charge.seq_no < 0:
            charge.next()
        answer = await self.call(v201.call.TransactionEvent(**_started(charge)), suppress=False)
        return charge.id, str(answer.id_token_info["status"])

    async def meter(
        self, charge: Charge, wh: int, at: datetime, power_w: int = 11_000, offline: bool = False, again: bool = False
    ) -> None:
        number = charge.seq_no if again else charge.next()
        event = _event(charge, "Updated", "MeterValuePeriodic", wh, at, number, power_w=power_w, offline=offline)
        await self.call(v201.call.TransactionEvent(**event), suppress=False)

    async def end(
        self,
        charge: Charge,
        wh: int,
        at: datetime,
        reason: str = "EVDisconnected",
        offline: bool = False,
        again: bool = False,
    ) -> Any:
        number = charge.seq_no if again else charge.next()
        event = _event(charge, "Ended", "EVCommunicationLost", wh, at, number, offline=offline, reason=reason)
        return await self.call(v201.call.TransactionEvent(**event), suppress=False)

    async def begin_and_vanish(self, charge: Charge) -> None:
        if charge.seq_no < 0:
            charge.next()
        token = {"idToken": charge.tag, "type": "ISO14443"}
        payload = {
            "eventType": "Started", "timestamp": iso(charge.started_at), "triggerReason": "Authorized", "seqNo": charge.seq_no,
            "transactionInfo": {"transactionId": charge.id, "chargingState": "Charging"},
            "evse": {"id": charge.connector, "connectorId": 1}, "idToken": token,
            "meterValue": [{"timestamp": iso(charge.started_at), "sampledValue": [{"value": charge.meter_start, "context": "Transaction.Begin"}]}],
        }  # fmt: skip
        await vanish(self, "TransactionEvent", payload)


def _started(charge: Charge) -> dict[str, Any]:
    event = _event(charge, "Started", "Authorized", charge.meter_start, charge.started_at, charge.seq_no)
    return event | {
        "evse": {"id": charge.connector, "connector_id": 1},
        "id_token": {"id_token": charge.tag, "type": "ISO14443"},
    }


def _event(
    charge: Charge,
    kind: str,
    trigger: str,
    wh: int,
    at: datetime,
    number: int,
    *,
    power_w: int | None = None,
    offline: bool = False,
    reason: str | None = None,
) -> dict[str, Any]:
    context = {"Started": "Transaction.Begin", "Ended": "Transaction.End"}.get(kind, "Sample.Periodic")
    samples: list[dict[str, Any]] = [{"value": wh, "context": context, "measurand": "Energy.Active.Import.Register"}]
    if power_w is not None:
        unit = {"unit": "W"}
        samples.append(
            {"value": power_w, "context": context, "measurand": "Power.Active.Import", "unit_of_measure": unit}
        )
    state = "Idle" if kind == "Ended" else "Charging"
    return {
        "event_type": kind,
        "timestamp": iso(at),
        "trigger_reason": trigger,
        "seq_no": number,
        "offline": True if offline else None,
        "transaction_info": {"transaction_id": charge.id, "charging_state": state, "stopped_reason": reason},
        "meter_value": [{"timestamp": iso(at), "sampled_value": samples}],
    }


async def vanish(talk: Any, action: str, payload: dict[str, Any]) -> None:
    import json

    await talk._connection.send(json.dumps([2, str(uuid.uuid4()), action, payload]))
    talk._connection.transport.abort()


TALKS: dict[str, Any] = {"1.6": Talk16, "2.0.1": Talk201}


@asynccontextmanager
async def connected(url: str, identity: str, version: str, password: str | None = None) -> AsyncIterator[Any]:
    """A station on the line, listening, until the block is left."""
    kind = TALKS[version]
    headers = {}
    if password:
        headers["Authorization"] = "Basic " + b64encode(f"{identity}:{password}".encode()).decode()
    async with connect(
        url, subprotocols=[kind.subprotocol], additional_headers=headers, compression=None, proxy=None
    ) as socket:
        talk = kind(identity, socket)
        listening = asyncio.create_task(talk.start())
        try:
            yield talk
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError, ConnectionClosed):
                await listening
