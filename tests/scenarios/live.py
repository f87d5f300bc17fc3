"""A whole server for tests that speak over real sockets: Valkey, daphne, if wanted a Celery worker, and a database of its own.

def test_something(live_server_process):
    live_server_process.manage("create_operator", "rete", "--name", "Rete")
    live_server_process.station_url("CP-1")   # ws://127.0.0.1:…/ocpp/CP-1
    with live_server_process.orm():           # the server's database, in this thread
        assert ChargingStation.objects.get(identity="CP-1").online
"""

import io
import shutil
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connections
from django.db.utils import load_backend

from cms.process import programs
from cms.process.supervisor import Supervisor

PATIENCE_S = 90


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class LiveServer:
    """`start` it, `kill` or `stop` the web process, `start_web` it again: the database stays."""

    def __init__(self, folder: Path, unblock: Callable[[], Any], *, worker: bool = False) -> None:
        self.folder = folder
        self.port = free_port()
        self.redis_port = free_port()
        self.with_worker = worker
        self.log = io.StringIO()
        self._unblock = unblock
        self._supervisor = Supervisor(self.log)
        self.valkey: subprocess.Popen[bytes] | None = None
        self.web: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.settings_dict, self.database_url = self._database()
        self.environment = {
            "DJANGO_SETTINGS_MODULE": "cms.settings.dev",
            "DATABASE_URL": self.database_url,
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "SECRET_KEY": "only-for-a-live-test-server-0123456789abcdefghijklmnopqrstuvwxyz",
            "DEMO": "0",
            "PORT": str(self.port),
            "EMAIL_URL": f"filemail:///{folder / 'mail'}",
        }

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def station_url(self, identity: str) -> str:
        return f"ws://127.0.0.1:{self.port}/ocpp/{identity}"

    def start(self) -> None:
        self._fill()
        self.start_valkey()
        self.start_web()
        if self.with_worker:
            self._supervisor.start(programs.worker(folder=self.folder, environment=self.environment))

    def start_valkey(self) -> None:
        self.valkey = self._supervisor.start(programs.valkey(port=self.redis_port, folder=self.folder / "valkey"))

    def start_web(self) -> None:
        """From the main thread: its processes end with the thread that started them."""
        self.web = self._supervisor.start(programs.web(port=self.port, environment=self.environment))
        end = time.monotonic() + PATIENCE_S
        while not self._ready():
            if time.monotonic() > end or self.web.poll() is not None:
                raise RuntimeError(f"the server does not come up:\n{self.log.getvalue()[-4000:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL to the web process, as a power cut would."""
        assert self.web
        self.web.kill()
        self.web.wait()

    def stop(self) -> None:
        """SIGTERM to the web process; returns when it has drained and ended."""
        assert self.web
        self.web.terminate()
        self.web.wait(30)

    def close(self) -> None:
        self._supervisor.stop()
        self._drop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def manage(self, *arguments: str) -> str:
        """Standard output of a management command run in this process against this server's database."""
        said = io.StringIO()
        with self.orm():
            call_command(*arguments, stdout=said)
        return said.getvalue()

    @contextmanager
    def orm(self) -> Iterator[None]:
        """Within, this thread's default connection is the server's database."""
        ours = connections["default"]
        theirs = load_backend(self.settings_dict["ENGINE"]).DatabaseWrapper(self.settings_dict, "default")
        with self._unblock():
            connections["default"] = theirs
            try:
                yield
            finally:
                connections["default"] = ours
                theirs.close()

    def _fill(self) -> None:
        """With a copy of the tests' own database, which is migrated and empty between two tests; where none of the chosen tests
        wants that one, by making the tables in the same way."""
        ours, name = connections["default"], self.settings_dict["NAME"]
        ready = ours.settings_dict["NAME"] == ours.creation._get_test_db_name()
        if ours.vendor != "sqlite":
            ours.close()  # nobody may look at what is copied
            template = f' TEMPLATE "{ours.settings_dict["NAME"]}"' if ready else ""
            self._on_server(f'CREATE DATABASE "{name}"{template}')
        elif ready:
            with self._unblock(), closing(sqlite3.connect(name)) as theirs:
                ours.ensure_connection()
                ours.connection.backup(theirs)
        if not ready:
            self.manage("migrate", "--run-syncdb", "--verbosity", "0")

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.http}/health/", timeout=5) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False

    def _database(self) -> tuple[dict[str, Any], str]:
        settings_dict = dict(connections["default"].settings_dict)
        if connections["default"].vendor == "sqlite":
            file = self.folder / "live.sqlite3"
            options = {key: value for key, value in settings_dict["OPTIONS"].items() if key != "uri"}
            return settings_dict | {"NAME": str(file), "OPTIONS": options}, f"sqlite:///{file}"
        name = f"live_{self.port}"
        self._on_server(f'DROP DATABASE IF EXISTS "{name}"')
        user = settings_dict["USER"] + (f":{settings_dict['PASSWORD']}" if settings_dict["PASSWORD"] else "")
        url = f"postgres://{user}@{settings_dict['HOST'] or 'localhost'}:{settings_dict['PORT'] or 5432}/{name}"
        return settings_dict | {"NAME": name}, url

    def _drop(self) -> None:
        if connections["default"].vendor != "sqlite":
            self._on_server(f'DROP DATABASE IF EXISTS "{self.settings_dict["NAME"]}" WITH (FORCE)')

    def _on_server(self, *statements: str) -> None:
        with self._unblock(), connections["default"]._nodb_cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
