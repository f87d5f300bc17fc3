"""Processes that `make run` starts live and die together, however the supervisor ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import sys
from cms.process.supervisor import Program, Supervisor
supervisor = Supervisor()
supervisor.catch_signals()
live = "import os, signal, time; signal.signal(signal.SIGUSR1, lambda *_: os._exit(7)); print(os.getpid()); time.sleep(600)"
for name in ("one", "two"):
    supervisor.start(Program(name, [sys.executable, "-uc", live]))
raise SystemExit(supervisor.wait())
"""


def supervised() -> tuple[subprocess.Popen[str], list[int]]:
    """A running supervisor and the pids of its two children, which end with status 7 at SIGUSR1."""
    process = subprocess.Popen([sys.executable, "-c", SCRIPT], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, [int(process.stdout.readline().split("│")[1]) for _ in range(2)]


def gone(pid: int) -> bool:
    """Waits for the end of a process that is not our child: pidfd is readable once it has ended."""
    import select

    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([fd], [], [], 30)[0])
    finally:
        os.close(fd)


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_process_is_left_behind(name: signal.Signals) -> None:
    process, children = supervised()
    process.send_signal(name)
    status = process.wait(30)
    assert status == (-signal.SIGKILL if name == signal.SIGKILL else 0)
    assert [gone(pid) for pid in children] == [True, True]


def test_one_dying_process_stops_the_group_with_its_status() -> None:
    process, children = supervised()
    os.kill(children[0], signal.SIGUSR1)
    assert process.wait(30) == 7
    assert [gone(pid) for pid in children] == [True, True]
