"""`manage.py simulate`: what a person types becomes stations."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from stations.simulator import fleet
from stations.simulator.hardware import Spec

URL = "ws://localhost:8000/ocpp"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would have been run."""
    runs: list[Any] = []

    async def run(specs: Sequence[Spec], tokens: Sequence[str]) -> None:
        runs.append((list(specs), list(tokens)))

    monkeypatch.setattr(fleet, "run", run)
    return runs


def test_one_station_with_its_quirks(started: list[Any]) -> None:
    call_command(
        "simulate",
        "--url",
        URL,
        "--identity",
        "CP-1",
        "--version",
        "2.0.1",
        "--password",
        "p",
        "--quirk",
        "Q34",
        "--dc",
    )
    (((spec,), tokens),) = started
    assert (spec.identity, spec.version, spec.password, spec.quirks) == ("CP-1", "2.0.1", "p", ("Q34",))
    assert (spec.dc, spec.connectors, spec.max_w) == (True, 1, 150_000)
    assert tokens == ["04A1B2C3"]


def test_several_stations_are_numbered(started: list[Any]) -> None:
    call_command("simulate", "--url", URL, "--identity", "CP", "--count", "3", "--token", "AA", "--token", "BB")
    ((specs, tokens),) = started
    assert [spec.identity for spec in specs] == ["CP-1", "CP-2", "CP-3"]
    assert tokens == ["AA", "BB"]


def test_an_unknown_quirk_says_what_there_is(started: list[Any]) -> None:
    with pytest.raises(CommandError, match="unknown quirk Q99; there are Q27"):
        call_command("simulate", "--url", URL, "--identity", "CP", "--quirk", "Q99")
    assert started == []
