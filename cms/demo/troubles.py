"""What goes wrong in a past, so that there is something to look at: a few of thousands, as in any network. Told honestly, they
end where the central system puts them: in review, among the orphans, on the page of revenue assurance."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from .history import Charge, Past

RECENT = timedelta(days=6)
TOO_MUCH_WH = 70_000


def spoil(past: Past, *, now: datetime) -> None:
    """Two stops are lost; one meter jumps by more than its socket can give."""
    for charge in list(_followed(past, now))[-40::39]:
        charge.stop_is_lost = True
    for charge in list(_last_ones(past, now))[-1:]:
        last = charge.readings[-1]
        charge.readings[-1] = last._replace(register=last.register + TOO_MUCH_WH)


def stray(past: Past, *, now: datetime) -> Charge | None:
    """A charge whose start never reached us: only its stop will be told."""
    found = [charge for charge in _followed(past, now) if not charge.stop_is_lost]
    if not found:
        return None
    like = found[-1]
    assert like.ended_at is not None
    return Charge(
        like.station, like.socket, "04A77E57C0FFEE", like.started_at, like.meter_start, ended_at=like.ended_at
    )


def _followed(past: Past, now: datetime) -> Iterator[Charge]:
    """Recent ones of old stations with another after them on their socket: its start shows that they are over."""
    later: set[tuple[str, int]] = set()
    found = []
    for charge in reversed(past.charges):
        place = (charge.station.identity, charge.socket)
        if place in later and _is_ordinary(charge) and now - charge.started_at < RECENT:
            found.append(charge)
        later.add(place)
    yield from reversed(found)


def _last_ones(past: Past, now: datetime) -> Iterator[Charge]:
    """The last of their socket, over for an hour: no later register contradicts them."""
    last = {(charge.station.identity, charge.socket): charge for charge in past.charges}
    for charge in last.values():
        if _is_ordinary(charge) and charge.ended_at and charge.ended_at < now - timedelta(hours=1):
            yield charge


def _is_ordinary(charge: Charge) -> bool:
    if charge.station.hardware.version != "1.6" or charge.ended_at is None or len(charge.readings) < 6:
        return False
    return charge.socket not in charge.station.broken and not charge.station.flaky
