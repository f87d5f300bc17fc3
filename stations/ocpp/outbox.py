"""What we ask of one station: pending commands in the order accepted, strictly one on the wire at a time (OCPP-J §4.1.1)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from stations.vocabulary.commands import CommandNotSupported
from stations.vocabulary.events import CommandSent, CommandSettled, OutboxOpened
from stations.vocabulary.replies import Failed, NextCommand, Reply
from stations.vocabulary.values import Frame

from . import frames
from .call import Line
from .writer import Writer

logger = logging.getLogger(__name__)

FIRST_CALL_S = 20  # a station that says nothing for so long may be asked all the same (quirk 14)


class Question:
    """Our CALL on the wire. `settled` is set once its end is committed."""

    __slots__ = ("action", "command", "message_id", "settled")

    def __init__(self, command: int, action: str) -> None:
        self.command = command
        self.action = action
        self.message_id = str(uuid4())
        self.settled = asyncio.Event()


class Outbox:
    """One per connection. `wake` when there may be something to send, `boot` when the station has spoken."""

    def __init__(self, line: Line, writer: Writer, send: Callable[[str], Awaitable[None]]) -> None:
        self.line = line
        self._writer = writer
        self._send = send
        self._bell = asyncio.Event()
        self._question: Question | None = None
        self._booted = False
        self._closed = False
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def open(self) -> None:
        self._bell.set()
        self._timer = asyncio.get_running_loop().call_later(FIRST_CALL_S, self.boot)
        self._task = asyncio.create_task(self._run())

    def wake(self) -> None:
        self._bell.set()

    def boot(self) -> None:
        """From now on automatic commands go out, too."""
        if not self._booted:
            self._booted = True
            self._bell.set()
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        """The socket is gone: the command under way ends as closed."""
        self._closed = True
        self.boot()
        self._bell.set()
        if question := self.take():
            self._settle(question, "closed")
            question.settled.set()

    def waiting_for(self, message_id: str) -> Question | None:
        """The question that this answers; None if nobody waits for it (any more)."""
        waiting = self._question
        return waiting if waiting is not None and waiting.message_id == message_id else None

    def take(self) -> Question | None:
        """Whoever takes the question settles it."""
        question, self._question = self._question, None
        return question

    async def _run(self) -> None:
        while not self._closed:
            await self._bell.wait()
            self._bell.clear()
            try:
                while not self._closed and await self._next():
                    pass
            except Exception:
                logger.exception("The outbox of %s stumbled", self.line.station.identity)

    async def _next(self) -> bool:
        """Sends one command and waits for its end; False when there is none."""
        line = self.line
        opened = OutboxOpened(line.station, line.epoch, line.version.subprotocol, self._booted)
        answer = await self._writer.submit(opened)
        if not isinstance(answer, NextCommand) or answer.command is None:
            return False
        question = Question(answer.id, "")
        if self._closed:
            await self._settle(question, "closed")
            return False
        try:
            question.action, payload = line.version.encoders[type(answer.command)](answer.command)
        except CommandNotSupported as error:
            await self._settle(question, "error", error_code="NotSupported", error_description=str(error))
            return True
        except Exception as error:
            logger.exception("Cannot encode command %s", answer.id)
            await self._settle(question, "error", error_code="InternalError", error_description=str(error))
            return True
        await self._ask(question, payload, answer.timeout_s)
        return True

    async def _ask(self, question: Question, payload: str, timeout_s: float) -> None:
        """Commits, sends, waits."""
        text = frames.call(question.message_id, question.action, payload)
        sent_at = datetime.now(UTC)
        line = self.line
        sent = CommandSent(line.station, question.command, question.action, payload, sent_at)
        frame = Frame(
            line.station.id,
            line.epoch,
            sent_at,
            True,
            frames.CALL,
            question.message_id,
            question.action,
            text,
        )

        def journalled(reply: Reply | None) -> tuple[Reply | None, Frame | None]:
            return reply, None if isinstance(reply, Failed) else frame

        if isinstance(await self._writer.submit(sent, journalled, must=True), Failed):
            return  # it ended while it waited here
        if self._closed:
            await self._settle(question, "closed")
            return
        self._question = question
        await self._send(text)
        try:
            await asyncio.wait_for(question.settled.wait(), timeout_s)
        except TimeoutError:
            if self.take() is None:  # its answer came this instant
                await question.settled.wait()
            else:
                await self._settle(question, "timeout")

    def _settle(self, question: Question, outcome: Any, **error: str) -> "asyncio.Future[Reply]":
        settled = CommandSettled(self.line.station, question.command, outcome, **error)
        return self._writer.submit(settled, must=True)
