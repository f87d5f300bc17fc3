"""A central system made of the `ocpp` package alone, that remembers everything: the other side of the simulator's tests."""

import asyncio
import json
from base64 import b64decode
from contextlib import asynccontextmanager
from typing import Any

import ocpp.v16.call
import ocpp.v201.call
from ocpp import v16, v201
from ocpp.routing import on
from websockets.asyncio.server import ServerConnection, serve

NOW = "2026-05-04T08:00:00Z"
BLOCKED = "DEADBEEF"


class Central16(v16.ChargePoint):
    def __init__(self, identity: str, socket: Any, csms: "Csms") -> None:
        super().__init__(identity, socket)
        self.csms = csms

    @on("BootNotification")
    def boot(self, **asked: Any) -> Any:
        return v16.call_result.BootNotification(current_time=NOW, interval=300, status=self.csms.boot_status())

    @on("Heartbeat")
    def heartbeat(self) -> Any:
        return v16.call_result.Heartbeat(current_time=NOW)

    @on("StatusNotification")
    def status(self, **asked: Any) -> Any:
        return v16.call_result.StatusNotification()

    @on("Authorize")
    def authorize(self, id_tag: str) -> Any:
        return v16.call_result.Authorize(id_tag_info={"status": "Blocked" if id_tag == BLOCKED else "Accepted"})

    @on("StartTransaction")
    def start_transaction(self, id_tag: str, **asked: Any) -> Any:
        self.csms.transactions += 1
        status = "Blocked" if id_tag == BLOCKED else "Accepted"
        return v16.call_result.StartTransaction(transaction_id=self.csms.transactions, id_tag_info={"status": status})

    @on("MeterValues", skip_schema_validation=True)
    def meter_values(self, **asked: Any) -> Any:
        return v16.call_result.MeterValues()

    @on("StopTransaction", skip_schema_validation=True)
    def stop_transaction(self, **asked: Any) -> Any:
        return v16.call_result.StopTransaction()

    @on("FirmwareStatusNotification")
    def firmware_status(self, **asked: Any) -> Any:
        return v16.call_result.FirmwareStatusNotification()

    @on("DiagnosticsStatusNotification")
    def diagnostics_status(self, **asked: Any) -> Any:
        return v16.call_result.DiagnosticsStatusNotification()


class Central201(v201.ChargePoint):
    def __init__(self, identity: str, socket: Any, csms: "Csms") -> None:
        super().__init__(identity, socket)
        self.csms = csms

    @on("BootNotification")
    def boot(self, **asked: Any) -> Any:
        return v201.call_result.BootNotification(current_time=NOW, interval=300, status=self.csms.boot_status())

    @on("Heartbeat")
    def heartbeat(self, **asked: Any) -> Any:
        return v201.call_result.Heartbeat(current_time=NOW)

    @on("Authorize")
    def authorize(self, id_token: dict[str, Any], **asked: Any) -> Any:
        blocked = id_token["id_token"] == BLOCKED
        return v201.call_result.Authorize(id_token_info={"status": "Blocked" if blocked else "Accepted"})

    @on("TransactionEvent")
    def transaction_event(self, id_token: dict[str, Any] | None = None, **asked: Any) -> Any:
        if not id_token:
            return v201.call_result.TransactionEvent()
        status = "Blocked" if id_token["id_token"] == BLOCKED else "Accepted"
        return v201.call_result.TransactionEvent(id_token_info={"status": status})

    @on("StatusNotification")
    def status(self, **asked: Any) -> Any:
        return v201.call_result.StatusNotification()

    @on("NotifyEvent")
    def notify_event(self, **asked: Any) -> Any:
        return v201.call_result.NotifyEvent()

    @on("NotifyReport")
    def notify_report(self, **asked: Any) -> Any:
        return v201.call_result.NotifyReport()

    @on("MeterValues")
    def meter_values(self, **asked: Any) -> Any:
        return v201.call_result.MeterValues()

    @on("LogStatusNotification")
    def log_status(self, **asked: Any) -> Any:
        return v201.call_result.LogStatusNotification()

    @on("FirmwareStatusNotification")
    def firmware_status(self, **asked: Any) -> Any:
        return v201.call_result.FirmwareStatusNotification()


VERSIONS = {"ocpp1.6": Central16, "ocpp2.0.1": Central201}


class Csms:
    """`calls` is every CALL heard, as (action, payload), in order. `gives_up` closes the socket instead of answering the
    next call of that action."""

    def __init__(self) -> None:
        self.url = ""
        self.calls: list[tuple[str, Any]] = []
        self.answers: list[list[Any]] = []
        self.credentials: list[str] = []
        self.connections = 0
        self.transactions = 100
        self.gives_up_on = ""
        self.boot_statuses: list[str] = []
        self.stations: dict[str, Any] = {}
        self._changed = asyncio.Condition()

    def boot_status(self) -> str:
        return self.boot_statuses.pop(0) if self.boot_statuses else "Accepted"

    async def serve(self, socket: ServerConnection) -> None:
        identity = socket.request.path.rpartition("/")[2]
        if header := socket.request.headers.get("Authorization"):
            self.credentials.append(b64decode(header.split()[1]).decode())
        station = VERSIONS[socket.subprotocol](identity, socket, self)
        self.stations[identity] = station
        self.connections += 1
        async for raw in socket:
            frame = json.loads(raw)
            if frame[0] == 2 and frame[2] == self.gives_up_on:
                self.gives_up_on = ""
                socket.transport.abort()
                return
            self._note(frame)
            if frame[0] == 2 and frame[3] is None:
                frame[3] = {}
            await station.route_message(json.dumps(frame))
            async with self._changed:
                self._changed.notify_all()

    def _note(self, frame: list[Any]) -> None:
        if frame[0] == 2:
            self.calls.append((frame[2], frame[3]))
        else:
            self.answers.append(frame)

    async def until(self, condition: Any) -> None:
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(condition), 10)

    async def ask(self, identity: str, action: str, **payload: Any) -> Any:
        """Sends a command, returns the station's answer."""
        station = self.stations[identity]
        words = ocpp.v16.call if isinstance(station, Central16) else ocpp.v201.call
        return await station.call(getattr(words, action)(**payload), suppress=False)

    def of(self, action: str) -> list[Any]:
        return [payload for name, payload in self.calls if name == action]

    @property
    def actions(self) -> list[str]:
        return [name for name, _ in self.calls]

    def events(self, kind: str) -> list[Any]:
        """2.0.1 TransactionEvents of one type."""
        return [payload for payload in self.of("TransactionEvent") if payload["eventType"] == kind]


@asynccontextmanager
async def running():
    csms = Csms()
    async with serve(csms.serve, "127.0.0.1", 0, subprotocols=list(VERSIONS), compression=None) as server:
        csms.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ocpp"
        yield csms
