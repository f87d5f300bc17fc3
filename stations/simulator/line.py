"""One station's line to its central system: a WebSocket, one CALL at a time, and the queue of what must not get lost.

Transaction messages wait in the queue while the line is down and are delivered in order when it is back (1.6 §3.7,
2.0.1 E04); everything else is simply not said.
"""

import asyncio
import json
import logging
import uuid
from base64 import b64encode
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from ocpp.charge_point import remove_nones, serialize_as_dict, snake_to_camel_case
from ocpp.exceptions import NotImplementedError, NotSupportedError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from .behaviours import Behaviour, Frame

CALL, RESULT, ERROR = 2, 3, 4
ANSWER_WITHIN_S = 30
REMEMBERED_FRAMES = 200


class _Expected(logging.Filter):
    """A command that a station does not know is answered, not bewailed with a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], (NotImplementedError, NotSupportedError)))


answering = logging.getLogger("ocpp.simulator")
"""For the `ocpp` package's own routing of what a station is asked."""
answering.addFilter(_Expected())


class Broken(Exception):
    """The line is down, or no answer came."""


class Refused(Exception):
    """A CALLERROR. `code` is OCPP's."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code


@dataclass(slots=True)
class Message:
    """Something that must arrive: built when it is sent, because a 1.6 transaction gets its id from the answer before."""

    build: Callable[[], Any]
    answered: Callable[[dict[str, Any]], None] = lambda answer: None


class Line:
    """`url` is the endpoint; the identity is appended. `frames` remembers what went over the wire, oldest first."""

    def __init__(
        self, *, url: str, identity: str, subprotocol: str, password: str | None, behaviours: Sequence[Behaviour] = ()
    ) -> None:
        self.url = f"{url.rstrip('/')}/{quote(identity, safe='')}"
        self.identity = identity
        self.subprotocol = subprotocol
        self.password = password
        self.behaviours = tuple(behaviours)
        self.queue: deque[Message] = deque()
        self.frames: deque[str] = deque(maxlen=REMEMBERED_FRAMES)
        self.ready = False  # booted: queued messages may go
        self.last_said = 0.0  # loop time of the last frame we sent
        self._socket: ClientConnection | None = None
        self._answers: dict[str, asyncio.Future[list[Any]]] = {}
        self._asking = asyncio.Lock()
        self._draining = asyncio.Lock()

    @property
    def up(self) -> bool:
        return self._socket is not None

    def stamp(self, at: datetime) -> datetime:
        """The time as the station's clock shows it."""
        for behaviour in self.behaviours:
            at = behaviour.stamp(at)
        return at

    async def open(self) -> None:
        """The handshake. Raises OSError, websockets' InvalidStatus (401, 404) or Broken without the subprotocol."""
        headers = {}
        if self.password is not None:
            credentials = b64encode(f"{self.identity}:{self.password}".encode()).decode()
            headers["Authorization"] = f"Basic {credentials}"
        socket = await connect(
            self.url,
            subprotocols=[Subprotocol(self.subprotocol)],
            additional_headers=headers,
            compression=None,
            proxy=None,
            ping_interval=45,
            close_timeout=2,
        )
        if socket.subprotocol != self.subprotocol:
            await socket.close()
            raise Broken(f"the central system does not speak {self.subprotocol}")
        self._socket = socket

    async def listen(self, on_call: Callable[[str], Awaitable[None]]) -> None:
        """Reads until the socket closes: answers find their question, calls go to `on_call`."""
        socket = self._socket
        if socket is None:
            return
        try:
            async for raw in socket:
                text = raw if isinstance(raw, str) else raw.decode()
                self.frames.append(f"< {text}")
                if not self._answered(text):
                    await on_call(text)
        except ConnectionClosed:
            pass
        finally:
            if self._socket is socket:
                self._lost()

    def _answered(self, text: str) -> bool:
        frame = json.loads(text)
        if frame[0] == CALL:
            return False
        future = self._answers.pop(frame[1], None)
        if future and not future.done():
            future.set_result(frame)
        return True

    async def close(self) -> None:
        """Hangs up; what is queued stays queued."""
        socket = self._socket
        self._lost()
        if socket is not None:
            await socket.close()

    async def cut(self) -> None:
        """The line goes dead without a goodbye."""
        socket = self._socket
        self._lost()
        if socket is not None:
            socket.transport.abort()
            with suppress(ConnectionClosed):
                await socket.wait_closed()

    def _lost(self) -> None:
        self._socket, self.ready = None, False
        answers, self._answers = self._answers, {}
        for future in answers.values():
            if not future.done():
                future.set_exception(Broken("the line went down"))

    async def send(self, text: str) -> None:
        """Raw text. Raises Broken."""
        if self._socket is None:
            raise Broken("the line is down")
        self.frames.append(f"> {text}")
        self.last_said = asyncio.get_running_loop().time()
        try:
            await self._socket.send(text)
        except ConnectionClosed as closed:
            raise Broken("the line went down") from closed

    async def ask(self, payload: Any) -> dict[str, Any]:
        """Sends a `call` dataclass of the `ocpp` package, as the behaviours will have it; the answer's payload.

        Raises Broken and Refused. Where behaviours lose the message, the answer is empty.
        """
        wire = remove_nones(snake_to_camel_case(serialize_as_dict(payload)))
        return await self.ask_raw(type(payload).__name__, wire)

    async def ask_raw(self, action: str, payload: Any) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        async with self._asking:
            for frame in self._misbehaved(Frame(action, payload)):
                got = await self._exchange(frame)
                if frame.action == action:
                    answer = got
        return answer

    def _misbehaved(self, frame: Frame) -> Iterator[Frame]:
        frames = [frame]
        for behaviour in self.behaviours:
            frames = [out for each in frames for out in behaviour.frames(each)]
        yield from frames

    async def _exchange(self, frame: Frame) -> dict[str, Any]:
        message_id = frame.message_id or str(uuid.uuid4())
        future = asyncio.get_running_loop().create_future()
        self._answers[message_id] = future
        await self.send(json.dumps([CALL, message_id, frame.action, frame.payload], separators=(",", ":")))
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                answer = await future
        except TimeoutError as silence:
            self._answers.pop(message_id, None)
            raise Broken(f"no answer to {frame.action}") from silence
        if answer[0] == ERROR:
            raise Refused(str(answer[2]), str(answer[3]))
        payload: dict[str, Any] = answer[2] or {}
        for behaviour in self.behaviours:
            payload = behaviour.understands(frame.action, payload)
        return payload

    async def deliver(self, message: Message) -> None:
        """Queues what must arrive, and sends it at once if the line is up. Never raises."""
        self.queue.append(message)
        await self.drain()

    async def drain(self) -> None:
        """Sends the queue in order until it is empty or the line breaks. A refused message is given up."""
        async with self._draining:
            while self.queue and self.ready:
                message = self.queue[0]
                try:
                    answer = await self.ask(message.build())
                except Broken:
                    return
                except Refused:
                    answer = None
                self.queue.popleft()
                if answer is not None:
                    message.answered(answer)
