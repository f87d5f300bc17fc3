"""Starts a few processes, prefixes their output, and makes sure that they live and die together.

Honcho puts a forked copy of the parent between itself and every child, so a killed parent leaves them behind
(docs/decisions/0002). Here the kernel ends a child when its supervisor dies, however it dies.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TextIO

_PR_SET_PDEATHSIG = 1
_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Program:
    """`patience_s`: how long it may take to end on SIGTERM before it is killed."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    patience_s: float = _PATIENCE_S


class Supervisor:
    """Runs programs until one of them ends or a signal asks to stop; then stops all, last started first."""

    def __init__(self, out: TextIO | None = None) -> None:
        self.out = out or sys.stdout
        self.running: list[tuple[Program, subprocess.Popen[bytes]]] = []
        self.over = threading.Event()
        self.signalled = False

    def start(self, program: Program) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(  # noqa: S603 (commands are ours)
            program.command,
            env={**os.environ, **program.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        self.running.append((program, process))
        threading.Thread(target=self._relay, args=(program.name, process), daemon=True).start()
        return process

    def wait(self) -> int:
        """Blocks until the end. Returns 0 after a signal, else the exit status of the program that ended first."""
        self.over.wait()
        ended = [process.poll() for _, process in self.running if process.poll() is not None]
        self.stop()
        return 0 if self.signalled or not ended else (ended[0] or 1)

    def catch_signals(self) -> None:
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, self._on_signal)

    def stop(self) -> None:
        for program, process in reversed(self.running):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(program.patience_s)
                except subprocess.TimeoutExpired:
                    process.kill()
            _end_group(process.pid)
            process.wait()

    def say(self, name: str, line: str) -> None:
        with contextlib.suppress(BrokenPipeError, ValueError):
            self.out.write(f"{name:>7} │ {line}\n")
            self.out.flush()

    def _on_signal(self, number: int, frame: object) -> None:
        self.signalled = True
        self.over.set()

    def _relay(self, name: str, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.say(name, line.decode(errors="replace").rstrip())
        code = process.wait()
        if not self.over.is_set():
            self.say(name, f"ended with status {code}; stopping the others")
        self.over.set()


def _die_with_parent() -> None:
    """Linux only; elsewhere a killed supervisor leaves its children, as everywhere."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _end_group(pid: int) -> None:
    """What a child started itself (celery's beat) goes with it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
