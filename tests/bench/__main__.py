"""Measures all servers in interleaved rounds and prints cost per message and ratios.

make bench                       3 rounds, 200 stations, OCPP 1.6
python -m tests.bench --stations 500 --version 2.0.1 --rounds 5
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

from . import cpu, servers

ECHO, LIBRARY, SQLITE, POSTGRES = "echo (websockets)", "ocpp package", "Colonnina, SQLite", "Colonnina, PostgreSQL"
IDLE_BEFORE, IDLE_MORE = 200, 1000
SETTLE_S = 3  # until the last answers are sent and the outboxes have found nothing


@dataclass(frozen=True)
class Cost:
    """µs of CPU per message: the server's own, PostgreSQL's, and the load client's; messages per second beside them."""

    server: float
    database: float
    client: float
    per_second: float
    errors: dict[str, int]


def measure(target: servers.Target, options: argparse.Namespace) -> Cost:
    with _fleet(target, options) as fleet:
        fleet.stdin.write("go\n")
        fleet.stdin.flush()
        _line(fleet, "measuring")
        before = cpu.used_us(target.pid), _database_us(target)
        result = _line(fleet, "calls")
        after = cpu.used_us(target.pid), _database_us(target)
    calls = result["calls"] or 1
    return Cost(
        (after[0] - before[0]) / calls, (after[1] - before[1]) / calls, result["own_cpu_us"] / calls,
        calls / result["seconds"], result["errors"],
    )  # fmt: skip


def idle_bytes(target: servers.Target, options: argparse.Namespace) -> float:
    """What one more connected and silent station adds to the resident memory.

    Counted from a server that holds some already, so that what a process pays once (first statements, schemas, buffers,
    threads) is not divided among however many stations happen to be measured.
    """
    with _fleet(target, options, "--idle", stations=IDLE_BEFORE):
        time.sleep(SETTLE_S)
        before = cpu.resident_bytes(target.pid)
        with _fleet(target, options, "--idle", "--first", str(IDLE_BEFORE), stations=IDLE_MORE):
            time.sleep(SETTLE_S)
            return (cpu.resident_bytes(target.pid) - before) / IDLE_MORE


@contextlib.contextmanager
def _fleet(target: servers.Target, options: argparse.Namespace, *extra: str, stations: int = 0):
    command = [
        sys.executable, "-m", "tests.bench.load", target.url, "--stations", str(stations or options.stations),
        "--seconds", str(options.seconds), "--version", options.version, *extra,
    ]  # fmt: skip
    fleet = subprocess.Popen(command, cwd=servers.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        _line(fleet, "ready")
        yield fleet
    finally:
        fleet.stdin.close()
        fleet.wait(60)


def _line(fleet: subprocess.Popen, key: str) -> dict:
    line = fleet.stdout.readline()
    answer = json.loads(line) if line else {}
    if key not in answer:
        raise RuntimeError(f"the load client said {line!r} instead of {key!r}")
    return answer


def _database_us(target: servers.Target) -> float:
    return cpu.used_us(target.database_pid) if target.database_pid else 0.0


def rounds(options: argparse.Namespace) -> dict[str, list[Cost]]:
    opened = {
        ECHO: lambda: servers.reference("echo"),
        LIBRARY: lambda: servers.reference("library"),
        SQLITE: lambda: servers.ours_sqlite(options.stations),
        POSTGRES: lambda: servers.ours_postgres(options.stations),
    }
    costs: dict[str, list[Cost]] = {name: [] for name in opened}
    for number in range(options.rounds):
        for name, server in opened.items():
            with server() as target:
                cost = measure(target, options)
            costs[name].append(cost)
            wrong = f"  errors {cost.errors}" if cost.errors else ""
            print(f"  round {number + 1}  {name:<22} {cost.server:7.1f} µs{wrong}", flush=True)
    return costs


def report(costs: dict[str, list[Cost]]) -> None:
    print(
        f"\n{'median of the rounds':<24}{'server µs':>10}{'PG µs':>8}{'msg/s':>8}{'client µs':>11}{'of ocpp':>9}{'of echo':>9}"
    )
    for name, own in costs.items():
        to_library = statistics.median(a.server / b.server for a, b in zip(own, costs[LIBRARY], strict=True))
        to_echo = statistics.median(a.server / b.server for a, b in zip(own, costs[ECHO], strict=True))
        middle = [
            statistics.median(getattr(c, field) for c in own)
            for field in ("server", "database", "per_second", "client")
        ]
        print(
            f"{name:<24}{middle[0]:>10.1f}{middle[1]:>8.1f}{middle[2]:>8.0f}{middle[3]:>11.1f}{to_library:>9.2f}{to_echo:>9.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--stations", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--version", choices=("1.6", "2.0.1"), default="1.6")
    options = parser.parse_args()
    print(
        f"Whole OCPP {options.version} sessions, {options.stations} stations, {options.rounds} rounds of {options.seconds:g} s."
    )
    print("Ours stores everything (journal, evidence, session) before it answers; the others store nothing.\n")
    report(rounds(options))
    with servers.reference("echo") as bare, servers.ours_sqlite(IDLE_BEFORE + IDLE_MORE) as ours:
        sizes = [idle_bytes(target, options) / 1024 for target in (bare, ours)]
    print(f"\none more idle station: {sizes[1]:.1f} KB here, {sizes[0]:.1f} KB in the echo server")


if __name__ == "__main__":
    main()
