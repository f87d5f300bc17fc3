"""What a charge itself proves about the clock it was told by (quirk 28; docs/decisions/0016)."""

from datetime import datetime, timedelta

from .state import State

TOLERATED = timedelta(minutes=5)  # no tariff, no invoice and no driver notices
STEADY = timedelta(minutes=1)  # what waits in a queue is heard at once, not each as late as the other


def is_wrong(state: State) -> bool:
    """Is the clock off by more than we tolerate? Ahead: something is said to have happened after we heard of it. Behind: start
    and end of a charge of some length were both heard equally late. Anything else may have waited for a connection."""
    start = _late(state.started_at, state.started_heard)
    stop = _late(state.stopped_at, state.stopped_heard)
    read = _late(state.own.read_at, state.heard_at)
    if any(late is not None and late < -TOLERATED for late in (start, stop, read)):
        return True
    if start is None or stop is None or state.started_heard is None or state.stopped_heard is None:
        return False
    lasted = state.stopped_heard - state.started_heard > TOLERATED
    return lasted and min(start, stop) > TOLERATED and abs(start - stop) <= STEADY


def _late(said: datetime | None, heard: datetime | None) -> timedelta | None:
    return None if said is None or heard is None else heard - said
