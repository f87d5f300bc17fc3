"""Whose is it? Evidence that names no session we know, given to the only session that it fits, else to nobody.

Guessing would bill one driver for another's energy: where two sessions fit, the evidence stays an orphan for a person.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from accounts import card_numbers
from stations.models import EVSE
from stations.vocabulary.events import Metered, TransactionEnded, TransactionEvent
from stations.vocabulary.values import EvseRef

from . import books, ledger
from .books import Held

Stray = TransactionEvent | Metered


def attribute(strays: Sequence[Stray], in_hand: Iterable[Held]) -> list[Held | None]:
    """One session or None per event. `in_hand` are sessions that the batch holds already; they count with their new state."""
    if not strays:
        return []
    running = {held.id: held for held in books.active_at(event.station.id for event in strays)}
    running |= {held.id: held for held in in_hand if held.id in running}
    at: dict[int, list[Held]] = defaultdict(list)
    for held in running.values():
        at[held.station_id].append(held)
    single = _single_evse_stations({event.station.id for event in strays if _names_no_evse(event)})
    return [_only(_candidates(event, at[event.station.id], single)) for event in strays]


def _candidates(event: Stray, running: Sequence[Held], single: set[int]) -> list[Held]:
    if isinstance(event, TransactionEnded):
        return [held for held in running if _may_end(event, held)]
    if event.evse is not None and event.evse.id:
        return [held for held in running if held.state.evse == event.evse.id]
    return list(running) if event.station.id in single else []


def _may_end(event: TransactionEnded, held: Held) -> bool:
    """A stop without a valid id (quirk 37): same connector and token where it names them, not before the start, not below
    the start's register."""
    state = held.state
    stop = ledger.of_transaction(event).evidence.meter
    return (
        (event.evse is None or not event.evse.id or state.evse == event.evse.id)
        and (event.token is None or card_numbers.key(event.token.text) == card_numbers.key(state.token))
        and (state.started_at is None or state.started_at <= ledger.moment(event))
        and (stop is None or state.meter_start is None or stop >= state.meter_start)
    )


def _only(candidates: Sequence[Held]) -> Held | None:
    return candidates[0] if len(candidates) == 1 else None


def _names_no_evse(event: Stray) -> bool:
    return not (event.evse or EvseRef(0)).id


def _single_evse_stations(stations: set[int]) -> set[int]:
    """Where connector 0 can only mean the one connector there is (quirk 68)."""
    if not stations:
        return set()
    evses: dict[int, int] = defaultdict(int)
    for station_id in EVSE.objects.filter(station_id__in=sorted(stations)).values_list("station_id", flat=True):
        evses[station_id] += 1
    return {station_id for station_id in stations if evses[station_id] <= 1}
