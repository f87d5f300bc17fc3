"""What we compare ourselves with: a bare echo, and a central system made of the `ocpp` package alone.

    python -m tests.bench.reference_servers echo|library PORT

Neither stores anything. The library validates both ways with its schemas, as it does by default.
"""

import asyncio
import itertools
import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint as ChargePoint16
from ocpp.v16 import call_result as answers16
from ocpp.v16.datatypes import IdTagInfo
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call_result as answers201
from ocpp.v201.datatypes import IdTokenInfoType

logging.getLogger("ocpp").setLevel(logging.WARNING)
transaction_ids = itertools.count(1)


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Library16(ChargePoint16):
    @on("BootNotification")
    def on_boot(self, **payload: Any) -> Any:
        return answers16.BootNotification(current_time=now(), interval=300, status="Accepted")

    @on("Heartbeat")
    def on_heartbeat(self) -> Any:
        return answers16.Heartbeat(current_time=now())

    @on("StatusNotification")
    def on_status(self, **payload: Any) -> Any:
        return answers16.StatusNotification()

    @on("Authorize")
    def on_authorize(self, **payload: Any) -> Any:
        return answers16.Authorize(id_tag_info=IdTagInfo(status="Accepted"))

    @on("StartTransaction")
    def on_start(self, **payload: Any) -> Any:
        info = IdTagInfo(status="Accepted")
        return answers16.StartTransaction(transaction_id=next(transaction_ids), id_tag_info=info)

    @on("MeterValues")
    def on_meter(self, **payload: Any) -> Any:
        return answers16.MeterValues()

    @on("StopTransaction")
    def on_stop(self, **payload: Any) -> Any:
        return answers16.StopTransaction()


class Library201(ChargePoint201):
    @on("BootNotification")
    def on_boot(self, **payload: Any) -> Any:
        return answers201.BootNotification(current_time=now(), interval=300, status="Accepted")

    @on("Heartbeat")
    def on_heartbeat(self) -> Any:
        return answers201.Heartbeat(current_time=now())

    @on("StatusNotification")
    def on_status(self, **payload: Any) -> Any:
        return answers201.StatusNotification()

    @on("Authorize")
    def on_authorize(self, **payload: Any) -> Any:
        return answers201.Authorize(id_token_info=IdTokenInfoType(status="Accepted"))

    @on("TransactionEvent")
    def on_transaction(self, **payload: Any) -> Any:
        return answers201.TransactionEvent()


LIBRARY = {"ocpp1.6": Library16, "ocpp2.0.1": Library201}


async def library(socket: Any) -> None:
    station = LIBRARY[socket.subprotocol](socket.request.path.rsplit("/", 1)[-1], socket)
    await station.start()


async def echo(socket: Any) -> None:
    """Answers each CALL with the same constant answer; it does not even look at the action."""
    async for frame in socket:
        call = json.loads(frame)
        await socket.send(json.dumps([3, call[1], {"transactionId": 1, "idTagInfo": {"status": "Accepted"}}]))


async def main(kind: str, port: int) -> None:
    serve = {"echo": echo, "library": library}[kind]
    async with websockets.serve(
        _quietly(serve), "127.0.0.1", port, subprotocols=list(LIBRARY), compression=None, backlog=4096
    ):
        await asyncio.Future()


def _quietly(serve: Any) -> Any:
    async def handler(socket: Any) -> None:
        try:
            await serve(socket)
        except websockets.ConnectionClosed:
            return

    return handler


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
