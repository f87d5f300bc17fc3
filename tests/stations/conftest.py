"""A station's side of the story: events as the edge would make them, and a bell that only remembers."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from stations import doorbell
from stations.handlers import HANDLERS
from stations.models import ChargingStation
from stations.services import presence, proofs
from stations.vocabulary import events
from stations.vocabulary.central_system import CentralSystem
from stations.vocabulary.replies import Reply
from stations.vocabulary.values import EvseRef, Frame, StationRef

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


class Bell:
    """In Redis' place: remembers who was rung for."""

    def __init__(self) -> None:
        self.rung: list[int] = []

    def publish(self, channel: str, station: str) -> None:
        assert channel == doorbell.CHANNEL
        self.rung.append(int(station))


@pytest.fixture(autouse=True)
def bell(monkeypatch: pytest.MonkeyPatch) -> Bell:
    fake = Bell()
    monkeypatch.setattr(doorbell, "client", lambda: fake)
    return fake


@pytest.fixture(autouse=True)
def fresh_memory() -> None:
    """As in a gateway that has just started."""
    presence.forget_last_seen()
    proofs.forget()


@pytest.fixture
def csms() -> CentralSystem:
    return CentralSystem(HANDLERS)


@pytest.fixture
def tell(csms: CentralSystem) -> Callable[..., Any]:
    """Hands events over as one batch; the answer of a single one alone."""

    def batch(*told: Any) -> Any:
        answers = csms.handle(told)
        return answers[0] if len(told) == 1 else answers

    return batch


def ref(station: ChargingStation) -> StationRef:
    return StationRef(station.pk, station.operator_id, station.identity)


def knocked(identity: str, authorization: bytes | None = None, version: str | None = "ocpp1.6", **more: Any) -> Any:
    return events.StationKnocked(identity, authorization, version, **{"gateway": "gw-1", "remote": "10.0.0.7"} | more)


def booted(station: ChargingStation, at: datetime = NOON, **more: Any) -> events.StationBooted:
    said = {"vendor": "Acme", "model": "AC22", "firmware_version": "1.4.2"}
    return events.StationBooted(station=ref(station), received_at=at, **said | more)


def status(
    station: ChargingStation,
    word: str = "Available",
    evse: int = 1,
    at: datetime = NOON,
    received_at: datetime | None = None,
    connector: int | None = 1,
    **more: Any,
) -> events.StatusReported:
    return events.StatusReported(
        station=ref(station),
        evse=EvseRef(evse, connector),
        status=word,
        occurred_at=at,
        received_at=received_at or at,
        **more,
    )


def frame(station: ChargingStation, at: datetime = NOON, **more: Any) -> Frame:
    raw = '[2,"1","Heartbeat",{}]'
    return Frame(
        **{
            "station": station.pk,
            "epoch": 1,
            "at": at,
            "outgoing": False,
            "kind": 2,
            "message_id": "1",
            "action": "Heartbeat",
            "raw": raw,
        }
        | more
    )


@pytest.fixture
def online(station: ChargingStation, tell: Callable[..., Reply]) -> ChargingStation:
    """CP-0042, connected with OCPP 1.6."""
    return connected(station, tell)


def connected(station: ChargingStation, tell: Callable[..., Any], version: str = "ocpp1.6") -> ChargingStation:
    tell(knocked(station.identity, version=version))
    station.refresh_from_db()
    return station


def cost(work: Callable[[], Any]) -> int:
    """How many statements that takes (PostgreSQL's COPY is not seen, so compare only on one database)."""
    with CaptureQueriesContext(connection) as captured:
        work()
    return sum("SAVEPOINT" not in query["sql"] for query in captured.captured_queries)
