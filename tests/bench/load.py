"""A fleet of N stations in one process, each with one outstanding CALL, driving whole sessions flat out.

    python -m tests.bench.load ws://127.0.0.1:9000/ocpp --stations 200 --seconds 10 --version 1.6

Prints one line of JSON when the fleet is ready ({"ready": true}), one when the window ends ({"calls", "seconds",
"errors", "own_cpu_us"}), and leaves when its standard input closes. `--idle`: stations boot and then stay silent.
"""

import argparse
import asyncio
import json
import resource
import sys
import time
from collections import Counter

import orjson
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from .messages import SESSIONS


class Fleet:
    def __init__(self, idle: bool) -> None:
        self.idle, self.calls, self.ready = idle, 0, 0
        self.errors: Counter[str] = Counter()
        self.going, self.stopped = False, False
        self.waiting: list[Station] = []

    def go(self) -> None:
        self.going = True
        for station in self.waiting:
            station.send_next()


class Station(WSListener):
    """One connection and its place in the script: two messages of prologue, then wait for the fleet."""

    def __init__(self, fleet: Fleet, number: int, version: str) -> None:
        self.fleet, self.session, self.sent = fleet, SESSIONS[version](number), 0
        self.number, self.steps = number, self.session.steps()
        self.transport: WSTransport | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        self.send_next()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            self.on_answer(orjson.loads(frame.get_payload_as_bytes()))
        elif frame.msg_type == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.CLOSE:
            self.fleet.errors[f"closed {frame.get_close_code()}"] += 1
            transport.disconnect()

    def on_answer(self, answer: list) -> None:
        if answer[0] == 2:  # a CALL of the central system: this fleet supports none
            call_error = [4, answer[1], "NotImplemented", "", {}]
            assert self.transport is not None
            self.transport.send(WSMsgType.TEXT, orjson.dumps(call_error))
            return
        if answer[0] == 4:
            self.fleet.errors[answer[2]] += 1
        else:
            self.session.answered(answer[2])
        self.fleet.calls += 1
        self.send_next()

    def send_next(self) -> None:
        if self.sent == 2 and not self.fleet.going:
            self.fleet.waiting.append(self)
            return
        if self.fleet.stopped or (self.fleet.idle and self.sent >= 2):
            return
        action, payload = next(self.steps)
        self.sent += 1
        assert self.transport is not None
        frame = f'[2,"{self.number}-{self.sent}","{action}",{payload}]'
        self.transport.send(WSMsgType.TEXT, frame.encode())


async def main(arguments: argparse.Namespace) -> None:
    fleet = Fleet(arguments.idle)
    subprotocol = SESSIONS[arguments.version].subprotocol
    transports = []
    for number in range(arguments.first, arguments.first + arguments.stations):
        transport, _ = await ws_connect(
            lambda number=number: Station(fleet, number, arguments.version),
            f"{arguments.url}/BENCH-{number:05d}", extra_headers={"Sec-WebSocket-Protocol": subprotocol},
        )  # fmt: skip
        transports.append(transport)
    while len(fleet.waiting) < arguments.stations:
        await asyncio.sleep(0.05)
    print(json.dumps({"ready": True}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    fleet.go()
    await asyncio.sleep(arguments.warm_up)
    calls, cpu, started = fleet.calls, _own_cpu(), time.monotonic()
    print(json.dumps({"measuring": True}), flush=True)
    await asyncio.sleep(arguments.seconds)
    result = {
        "calls": fleet.calls - calls, "seconds": time.monotonic() - started,
        "errors": dict(fleet.errors), "own_cpu_us": (_own_cpu() - cpu) * 1e6,
    }  # fmt: skip
    print(json.dumps(result), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    fleet.stopped = True
    for transport in transports:
        transport.send_close(WSCloseCode.OK)
        transport.disconnect()


def _own_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--stations", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="number of the first station")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--warm-up", type=float, default=2)
    parser.add_argument("--version", choices=sorted(SESSIONS), default="1.6")
    parser.add_argument("--idle", action="store_true")
    asyncio.run(main(parser.parse_args()))
