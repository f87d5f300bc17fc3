"""The state strip: what each connector was, minute by minute, with the time it could not be reached laid over it."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from cms.charts import Part
from cms.templatetags.ui import state_token
from sessions_app.models import ChargingSession
from stations.models import ChargingStation, ConnectionPeriod, StatusChange

Place = tuple[int, int]  # evse, connector


class Span(NamedTuple):
    start: datetime
    end: datetime


def of(station: ChargingStation, *, start: datetime, end: datetime) -> dict[Place, list[Part]]:
    """Coloured parts by connector between two instants (the end not after now). Four queries."""
    online = _online(station, start, end)
    charging = _charging(station, start, end)
    strips = {}
    for place, changes in _changes(station, start, end).items():
        strips[place] = _merged(_parts(changes, online, charging[place[0]], start, end))
    return strips


def _changes(station: ChargingStation, start: datetime, end: datetime) -> dict[Place, list[tuple[datetime, str]]]:
    """(from, status), oldest first; the status that held at the start is stamped with the start."""
    mine = StatusChange.objects.filter(station=station, evse_id__gt=0)
    newest = Window(RowNumber(), partition_by=["evse_id", "connector_id"], order_by=F("at").desc())
    held = mine.filter(at__lte=start).annotate(place=newest).filter(place=1)
    inside = mine.filter(at__gt=start, at__lt=end).order_by("at")
    found: dict[Place, list[tuple[datetime, str]]] = defaultdict(list)
    for evse, connector, status in held.values_list("evse_id", "connector_id", "status"):
        found[evse, connector].append((start, status))
    for evse, connector, at, status in inside.values_list("evse_id", "connector_id", "at", "status"):
        found[evse, connector].append((at, status))
    return dict(sorted(found.items()))


def _online(station: ChargingStation, start: datetime, end: datetime) -> list[Span]:
    periods = ConnectionPeriod.objects.filter(
        Q(disconnected_at=None) | Q(disconnected_at__gt=start), station=station, connected_at__lt=end
    ).order_by("connected_at")
    return [Span(begun, over or end) for begun, over in periods.values_list("connected_at", "disconnected_at")]


def _charging(station: ChargingStation, start: datetime, end: datetime) -> dict[int, list[Span]]:
    """When a 2.x connector that called itself Occupied had a charge: its state is then Charging."""
    sessions = ChargingSession.objects.filter(
        Q(stopped_at=None) | Q(stopped_at__gt=start), station=station, started_at__lt=end
    )
    found: dict[int, list[Span]] = defaultdict(list)
    for evse, begun, over in sessions.values_list("evse_id", "started_at", "stopped_at"):
        found[evse or 0].append(Span(begun, over or end))
    return found


def _parts(
    changes: Sequence[tuple[datetime, str]],
    online: Sequence[Span],
    charging: Sequence[Span],
    start: datetime,
    end: datetime,
) -> list[Part]:
    edges = {start, end, *(at for at, _status in changes)}
    edges.update(edge for span in (*online, *charging) for edge in span)
    cuts = sorted(edge for edge in edges if changes[0][0] <= edge <= end)
    starts = [at for at, _status in changes]
    parts = []
    for a, b in pairwise(cuts):
        status = changes[max(bisect_right(starts, a) - 1, 0)][1]
        reached = any(span.start <= a < span.end for span in online)
        delivers = any(span.start <= a < span.end for span in charging)
        parts.append(Part(a, b, state_token(status, reached, delivers)))
    return parts


def _merged(parts: Sequence[Part]) -> list[Part]:
    merged: list[Part] = []
    for part in parts:
        if merged and merged[-1].state == part.state:
            merged[-1] = Part(merged[-1].start, part.end, part.state)
        elif part.end > part.start:
            merged.append(part)
    return merged
