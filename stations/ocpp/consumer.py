"""One station's socket: a Channels consumer with a receive loop of its own.

Channels' `dispatch` hops through the process's one thread-sensitive thread for every message (120-185 µs, and a slow call anywhere
stalls every station); routing, scope and middleware stay as they are.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from time import perf_counter_ns
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

from stations.vocabulary.events import StationGone, StationKnocked
from stations.vocabulary.replies import Admitted, Refused

from . import frames, guesses, handshake, router
from .call import Line
from .gateway import Gateway
from .guesses import Attempt
from .outbox import Outbox
from .versions import VERSIONS

logger = logging.getLogger(__name__)

REPLACED = 1000
PROTOCOL_ERROR = 1002
TOO_BIG = 1009

Receive = Callable[[], Awaitable[dict[str, Any]]]


class StationConsumer(AsyncWebsocketConsumer):
    def __init__(self, gateway: Gateway) -> None:
        super().__init__()
        self.gateway = gateway
        self.line: Line
        self.outbox: Outbox

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Any) -> None:
        self.scope, self.base_send = scope, send
        await receive()  # websocket.connect
        line = await self._admit()
        if line is None:
            return
        self.line = line
        self.outbox = Outbox(line, self.gateway.writer, self._say)
        try:
            if await self.gateway.enter(self):
                self.outbox.open()
                await self._listen(receive)
        finally:
            self.outbox.close()
            self.gateway.leave(self)
            self.gateway.gone(line)

    async def replaced(self) -> None:
        """The station has come back on another socket."""
        self.outbox.close()
        await self._hang_up(REPLACED)

    async def _admit(self) -> Line | None:
        await self.gateway.start()
        knock = handshake.knock(self.scope, self.gateway.name, self.gateway.proxies)
        answer = await self._guarded(knock) if knock else Refused(404, "no identity")
        if knock is None or not isinstance(answer, Admitted):
            await self._refuse(answer.http_status if isinstance(answer, Refused) else 503)
            return None
        await self.accept(knock.version)
        version = VERSIONS.get(knock.version or answer.assumed)
        if version is None:
            await self._hang_up(PROTOCOL_ERROR)
            return None
        return Line(answer.station, answer.epoch, version)

    async def _guarded(self, knock: StationKnocked) -> Any:
        """One password after the other; a wrong one is told so later and later."""
        known = self.gateway.guesses
        attempt = Attempt(knock.identity, knock.remote)
        if not knock.authorization:
            return await self._ask_in(knock)
        if not known.begin(attempt):
            return Refused(429, "still answering the last one")
        try:
            answer = await self._ask_in(knock)
            if isinstance(answer, Admitted):
                known.right(attempt)
            elif isinstance(answer, Refused) and answer.http_status == 401:
                await guesses.pause(known.wrong(attempt))
            return answer
        finally:
            known.end(attempt)

    async def _ask_in(self, knock: StationKnocked) -> Any:
        answer = self.gateway.writer.submit(knock)
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:  # nobody is there any more: if it was let in, it goes at once
            answer.add_done_callback(self._gone_again)
            raise

    def _gone_again(self, answer: "asyncio.Future[Any]") -> None:
        if not answer.cancelled() and isinstance(admitted := answer.result(), Admitted):
            self.gateway.writer.submit(StationGone(admitted.station, admitted.epoch), must=True)

    async def _refuse(self, status: int) -> None:
        if "websocket.http.response" not in self.scope.get("extensions", {}):
            await self.close()
            return
        for message in handshake.refusal(status):
            await self.base_send(message)

    async def _listen(self, receive: Receive) -> None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            try:
                await self._hear(message.get("text"), message.get("bytes"))
            except Exception:
                logger.exception("A frame of %s was lost", self.line.station.identity)

    async def _hear(self, text: str | None, data: bytes | None) -> None:
        received_at, started = datetime.now(UTC), perf_counter_ns()
        anomalies: list[str] = []
        if text is None:  # a binary frame, or one that is not UTF-8
            text = (data or b"").decode(errors="replace")
            anomalies.append("bytes")
        if len(text) > frames.MAX_BYTES:
            await self._hang_up(TOO_BIG)
            return
        heard = router.read(router.Envelope(self.line, text, received_at, started, anomalies), self.outbox)
        try:
            if answer := await self.gateway.writer.submit(heard.event, heard.finish):
                await self._say(answer)
        finally:
            if heard.question:
                heard.question.settled.set()
        if heard.call:
            self.outbox.boot()

    async def _say(self, text: str) -> None:
        try:
            await self.base_send({"type": "websocket.send", "text": text})
        except Exception as error:  # noqa: BLE001 (closed under our hands; each server says so with an error of its own)
            logger.debug("Cannot reach %s: %s", self.line.station.identity, error)

    async def _hang_up(self, code: int) -> None:
        try:
            await self.base_send({"type": "websocket.close", "code": code})
        except Exception as error:  # noqa: BLE001
            logger.debug("Cannot close a socket: %s", error)
