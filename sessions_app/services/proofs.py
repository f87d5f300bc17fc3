"""Evidence that a start or a stop we asked for really happened, typed or raw: sets `Command.effect_at`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils import timezone

from stations.services import commands

from .books import Held

STARTS = ("RemoteStartTransaction", "RequestStartTransaction")
STOPS = ("RemoteStopTransaction", "RequestStopTransaction")
START_WITHIN_S, STOP_WITHIN_S = 120, 600

Said = Mapping[str, Any]


def begun(sessions: Sequence[Held]) -> None:
    """One statement per batch, two where something is proved."""
    _prove(sessions, STARTS, START_WITHIN_S, _started_it)


def ended(sessions: Sequence[Held]) -> None:
    _prove(sessions, STOPS, STOP_WITHIN_S, _stopped_it)


def _prove(
    sessions: Sequence[Held], actions: Sequence[str], within_s: int, proves: Callable[[Held, Said], bool]
) -> None:
    if not sessions:
        return
    at: dict[int, list[Held]] = {}
    for held in sessions:
        at.setdefault(held.station_id, []).append(held)
    waiting = commands.awaited(station_ids=sorted(at), actions=actions, within_s=within_s)
    now = timezone.now()
    commands.seen_all(
        {
            each.id: (each.station, now)
            for each in waiting
            if any(proves(held, each.payload) for held in at[each.station])
        }
    )


def _started_it(held: Held, asked: Said) -> bool:
    """2.x carries our number through; else it is the token, at the place that was named."""
    state = held.state
    if state.remote is not None and "remoteStartId" in asked:
        return bool(asked["remoteStartId"] == state.remote)
    place = asked.get("evseId", asked.get("connectorId"))
    return _token(asked).upper() == state.token.upper() and place in (None, 0, state.evse)


def _token(asked: Said) -> str:
    token = asked.get("idToken", asked.get("idTag"))
    return str(token.get("idToken", "")) if isinstance(token, dict) else str(token or "")


def _stopped_it(held: Held, asked: Said) -> bool:
    return str(asked.get("transactionId")) == held.transaction_id
