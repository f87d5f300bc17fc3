"""Evidence that a start or a stop we asked for really happened, typed or raw: sets `Command.effect_at`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from django.utils import timezone

from accounts import card_numbers
from stations.services import commands

from .books import Held

STARTS = ("RemoteStartTransaction", "RequestStartTransaction")
STOPS = ("RemoteStopTransaction", "RequestStopTransaction")

Said = Mapping[str, Any]


def seen(*, begun: Sequence[Held], ended: Sequence[Held]) -> None:
    """Sessions that have just begun or ended. One statement per batch, two where something is proved."""
    at: dict[int, list[tuple[Held, Proof]]] = {}
    for sessions, proof in ((begun, _START), (ended, _STOP)):
        for held in sessions:
            at.setdefault(held.station_id, []).append((held, proof))
    if not at:
        return
    longest = max(_START.within, _STOP.within)
    waiting = commands.awaited(station_ids=sorted(at), actions=STARTS + STOPS, within_s=longest.seconds)
    now = timezone.now()
    commands.seen_all(
        {
            each.id: (each.station, now)
            for each in waiting
            if any(
                each.action in proof.actions and now - each.sent_at <= proof.within and proof.fits(held, each.payload)
                for held, proof in at[each.station]
            )
        }
    )


def _started_it(held: Held, asked: Said) -> bool:
    """2.x carries our number through; else it is the token, at the place that was named."""
    state = held.state
    if state.remote is not None and "remoteStartId" in asked:
        return bool(asked["remoteStartId"] == state.remote)
    place = asked.get("evseId", asked.get("connectorId"))
    return card_numbers.key(_token(asked)) == card_numbers.key(state.token) and place in (None, 0, state.evse)


def _token(asked: Said) -> str:
    token = asked.get("idToken", asked.get("idTag"))
    return str(token.get("idToken", "")) if isinstance(token, dict) else str(token or "")


def _stopped_it(held: Held, asked: Said) -> bool:
    return str(asked.get("transactionId")) == held.transaction_id


class Proof(NamedTuple):
    """Of which commands a session is the effect, if it follows `within` that time and `fits`."""

    actions: tuple[str, ...]
    within: timedelta
    fits: Callable[[Held, Said], bool]


_START = Proof(STARTS, timedelta(minutes=2), _started_it)
_STOP = Proof(STOPS, timedelta(minutes=10), _stopped_it)
