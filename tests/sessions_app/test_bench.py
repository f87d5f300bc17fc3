"""`make bench-sessions` runs, and finds the sessions and the energy that were told."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_the_frames_of_a_journal_become_their_sessions(version: str) -> None:
    command = [sys.executable, "-m", "tests.bench.journal", "--frames", "2000", "--version", version]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "sessions settled" in ran.stdout
