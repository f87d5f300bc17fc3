"""`make run` as scripts rely on it (api-contract §10): ready when /health/ answers, and gone without a trace."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cms.test_supervisor import gone

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.wire


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@pytest.fixture
def installation(tmp_path: Path, port: int) -> dict[str, str]:
    """The environment of an empty installation of its own."""
    gone = {"DJANGO_SETTINGS_MODULE", "REDIS_URL", "DATABASE_URL", "SECRET_KEY"}
    environment = {name: value for name, value in os.environ.items() if name not in gone}
    return {**environment, "COLONNINA_VAR": str(tmp_path), "PORT": str(port), "DEMO": "0", "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def running(installation: dict[str, str], port: int) -> Iterator[subprocess.Popen[str]]:
    process = _up(installation)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "Listening on TCP address" in line:
                break
        yield process
    finally:
        process.kill()
        process.wait(30)


def _up(environment: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "manage.py", "up"]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def _below(root: int) -> set[int]:
    """Every process that descends from `root`."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except FileNotFoundError:
                continue
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {root}


def test_it_serves_says_so_and_leaves_nothing_behind(
    running: subprocess.Popen[str], installation: dict[str, str], port: int
) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/") as answer:
        assert json.load(answer)["status"] == "ok"
    with pytest.raises(urllib.error.HTTPError, match="404"):  # DEMO=0: no demo pages, no demo logins
        urllib.request.urlopen(f"http://127.0.0.1:{port}/demo/mail/")
    second = subprocess.run(
        [sys.executable, "manage.py", "up"], cwd=ROOT, env=installation, capture_output=True, text=True
    )
    assert second.returncode == 1
    assert f"Port {port} is taken" in second.stderr
    children = _below(running.pid)
    assert len(children) >= 3  # valkey, web, worker
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 0
    assert [pid for pid in children if not gone(pid)] == []
