"""Re-runs a journal of one million frames through the reducer: from the text on the wire to the settled session.

    make bench-sessions
    python -m tests.bench.journal --frames 200000 --version 2.0.1

Makes a journal of whole sessions in a temporary SQLite file, streams it back in the order in which it was heard, and reads
every frame as the gateway does (JSON, schema, version adapter), folds what it says of charging, and settles each session at
its stop. Prints frames per second of one core (CPU time, so other load does not matter), the memory at every tenth, and
whether the energy is the truth's.
"""

import argparse
import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from . import cpu
from .messages import SESSIONS

STATIONS = 500
Row = tuple[int, str, str]  # station, raw, answer


class Result(NamedTuple):
    """`resident` in bytes, after each tenth of the frames. Energies in mWh."""

    frames: int
    cpu_s: float
    sessions: int
    energy: int
    resident: list[int]


def write(path: Path, frames: int, version: str) -> tuple[int, int]:
    """A journal of `frames` rows in the order heard. Returns how many whole sessions it holds, and their energy in mWh."""
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE frame (id INTEGER PRIMARY KEY, station INTEGER, raw TEXT, answer TEXT)")
    told = Telling(version)
    with db:
        db.executemany("INSERT INTO frame (station, raw, answer) VALUES (?, ?, ?)", told.rows(frames))
    db.close()
    return told.sessions, told.energy


class Telling:
    """Stations that speak in turn, and the central system's answers where they matter: a 1.6 start learns its number."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.sessions = self.energy = self.number = 0

    def rows(self, frames: int) -> Iterator[Row]:
        stations = [SESSIONS[self.version](number) for number in range(STATIONS)]
        steps = [station.steps() for station in stations]
        began: dict[int, int] = {}
        for place in range(frames):
            which = place % STATIONS
            action, payload = next(steps[which])
            answer = '[3,"",{}]'
            if action == "StartTransaction":
                self.number += 1
                stations[which].answered({"transactionId": self.number})
                answer = f'[3,"",{{"transactionId":{self.number},"idTagInfo":{{"status":"Accepted"}}}}]'
            if action == "StartTransaction" or '"eventType":"Started"' in payload:
                began[which] = stations[which].wh
            if action == "StopTransaction" or '"eventType":"Ended"' in payload:
                self.sessions += 1
                self.energy += (stations[which].wh - began[which]) * 1_000
            yield which, f'[2,"{place}","{action}",{payload}]', answer


def rerun(path: Path, frames: int, version: str) -> Result:
    """Streams the journal through edge and engine."""
    from sessions_app.engine import project, reduce
    from sessions_app.engine.state import State
    from sessions_app.services import ledger
    from stations.services import clocks

    read = _reader(version)
    tenth = max(1, frames // 10)
    running: dict[tuple[int, str], State] = {}
    sessions = energy = 0
    resident: list[int] = []
    db = sqlite3.connect(path)
    started = time.process_time()
    for count, (station, raw, answer) in enumerate(db.execute("SELECT station, raw, answer FROM frame ORDER BY id"), 1):
        if count % tenth == 1:
            clocks.assume({})  # nobody has corrected any: there is no database to ask
        if count % tenth == 0:
            resident.append(cpu.resident_bytes(os.getpid()))
        event = read(station, raw)
        if type(event) not in ledger.KINDS:
            continue
        key = (station, event.transaction_id or _given(answer))
        entry = ledger.of_transaction(event)
        state = running.get(key)
        if state is None:
            state = running[key] = State()
        reduce.take(state, entry.evidence)
        if state.stops:
            sessions += 1
            energy += project.project(running.pop(key)).energy
    return Result(frames, time.process_time() - started, sessions, energy, resident)


def _reader(version: str) -> Any:
    """(station, text) → event or None, as the gateway reads it."""
    from stations.ocpp import router
    from stations.ocpp.call import Line
    from stations.ocpp.outbox import Outbox
    from stations.ocpp.versions import VERSIONS
    from stations.vocabulary.values import StationRef

    lines = [
        Line(StationRef(number, 1, f"BENCH-{number:05d}"), 1, VERSIONS[f"ocpp{version}"]) for number in range(STATIONS)
    ]
    now = datetime.now(UTC)

    async def nowhere(text: str) -> None:
        raise AssertionError(f"nobody asks anything here: {text}")

    async def outbox() -> Outbox:
        return Outbox(lines[0], None, nowhere)  # type: ignore[arg-type]  # it never writes

    idle = asyncio.run(outbox())

    def read(station: int, raw: str) -> Any:
        return router.read(router.Envelope(lines[station], raw, now, 0, []), idle).event

    return read


def _given(answer: str) -> str:
    """The transaction id in our answer to a 1.6 start."""
    return answer.partition('"transactionId":')[2].partition(",")[0]


def main() -> None:
    import django

    parser = argparse.ArgumentParser(prog="make bench-sessions")
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--version", choices=sorted(SESSIONS), default="1.6")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cms.settings.dev")
    django.setup()
    with tempfile.TemporaryDirectory(prefix="colonnina-bench-") as folder:
        path = Path(folder) / "journal.sqlite3"
        sessions, energy = write(path, options.frames, options.version)
        result = rerun(path, options.frames, options.version)
    print(f"OCPP {options.version}: {result.frames:,} frames, {result.sessions:,} of {sessions:,} sessions settled")
    print(
        f"{result.frames / result.cpu_s:,.0f} frames/s of one core ({result.cpu_s / result.frames * 1e6:.1f} µs each)"
    )
    print("memory after each tenth, MB: " + " ".join(f"{size / 1e6:.0f}" for size in result.resident))
    print(f"energy {result.energy / 1e6:,.3f} kWh, truth {energy / 1e6:,.3f} kWh")
    if (result.sessions, result.energy) != (sessions, energy):
        raise SystemExit("The sessions are not what was told.")


if __name__ == "__main__":
    main()
