"""A fleet that keeps a diary of what it was told, sends again (under a new id) what was not acknowledged, and survives the loss of
its server: the judge of "what was acknowledged is in the database"."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

LOST = (OSError, WebSocketException, TimeoutError, EOFError)


@dataclass
class Fleet:
    """`acknowledged`: message id → our answer's text. `started` and `stopped`: transaction ids that a CALLRESULT confirmed."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    started: set[int] = field(default_factory=set)
    stopped: set[int] = field(default_factory=set)
    lost: int = 0
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    goal: int = 0

    def aim(self, more: int) -> None:
        self.goal = len(self.acknowledged) + more
        self.enough.clear()

    def note(self, message_id: str, answer: str) -> None:
        self.acknowledged[message_id] = answer
        if self.goal and len(self.acknowledged) >= self.goal:
            self.enough.set()


class Station:
    """One station charging without a pause, one call at a time, until `off`."""

    def __init__(self, fleet: Fleet, url: str, identity: str, tag: str) -> None:
        self.fleet = fleet
        self.url = url
        self.identity = identity
        self.tag = tag
        self.off = False
        self.count = 0
        self.meter = 0
        self.todo: list[tuple[str, dict[str, Any]]] = []
        self.transaction: int | None = None

    async def run(self) -> None:
        while not self.off:
            try:
                async with connect(self.url, subprotocols=["ocpp1.6"], compression=None, open_timeout=10) as socket:
                    while not self.off:
                        await self._next(socket)
            except LOST:
                self.fleet.lost += 1
                await asyncio.sleep(0.1)

    async def _next(self, socket: Any) -> None:
        """Only an acknowledged message leaves the list."""
        if not self.todo:
            self._plan()
        action, payload = self.todo[0]
        if payload.get("transactionId") == "mine":
            payload = payload | {"transactionId": self.transaction}
        self.count += 1
        message_id = f"{self.identity}-{self.count}"
        await socket.send(json.dumps([2, message_id, action, payload]))
        text, kind, result = await self._answer(socket, message_id)
        if kind != 3:
            await asyncio.sleep(0.2)
            return
        self.todo.pop(0)
        self.fleet.note(message_id, text)
        if action == "StartTransaction":
            self.transaction = result["transactionId"]
            self.fleet.started.add(self.transaction)
        elif action == "StopTransaction":
            assert self.transaction is not None
            self.fleet.stopped.add(self.transaction)

    async def _answer(self, socket: Any, message_id: str) -> tuple[str, int, Any]:
        """Questions of the server that come in between are politely declined."""
        while True:
            text = await asyncio.wait_for(socket.recv(), 20)
            kind, answered, result = json.loads(text)[:3]
            if kind == 2:
                await socket.send(json.dumps([4, answered, "NotSupported", "", {}]))
            else:
                assert answered == message_id
                return text, kind, result

    def _plan(self) -> None:
        """One charge."""
        now = datetime.now(UTC).isoformat()
        self.meter += 10
        self.todo = [
            ("BootNotification", {"chargePointVendor": "Diary", "chargePointModel": "D1"}),
            ("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"}),
            (
                "StartTransaction",
                {"connectorId": 1, "idTag": self.tag, "meterStart": self.meter, "timestamp": now},
            ),
        ]
        for _ in range(3):
            self.meter += 100
            sample = {"timestamp": datetime.now(UTC).isoformat(), "sampledValue": [{"value": str(self.meter)}]}
            self.todo.append(("MeterValues", {"connectorId": 1, "transactionId": "mine", "meterValue": [sample]}))
        self.todo.append(
            ("StopTransaction", {"transactionId": "mine", "meterStop": self.meter, "timestamp": now, "reason": "Local"})
        )
