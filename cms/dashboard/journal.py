"""The message log: which lines, and how one reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cms.charts import svg
from cms.dashboard import said
from stations.models import ChargingStation, Frame

PAGE, LATEST = 100, 8
RANGES = (("1h", _("1 h")), ("24h", _("24 h")), ("7d", _("7 d")), ("90d", _("90 d")))
_SPANS = {"1h": timedelta(hours=1), "24h": timedelta(hours=24), "7d": timedelta(days=7), "90d": timedelta(days=90)}
_CALLS = Q(kind__in=(0, 2)) | Q(kind=4)


@dataclass(frozen=True, slots=True)
class Filters:
    """As in the query string; unknown values are no filter."""

    action: str = ""
    direction: str = ""
    errors: bool = False
    range: str = "24h"
    before: int | None = None

    @classmethod
    def read(cls, given: dict[str, str]) -> "Filters":
        direction, before = given.get("direction", ""), given.get("before", "")
        return cls(
            action=given.get("action", "")[:64],
            direction=direction if direction in ("in", "out") else "",
            errors=given.get("errors") == "1",
            range=given["range"] if given.get("range") in _SPANS else "24h",
            before=int(before) if before.isascii() and before.isdecimal() and len(before) < 19 else None,
        )


def latest(station: ChargingStation) -> list[Frame]:
    return list(Frame.objects.filter(_CALLS, station=station).order_by("-id")[:LATEST])


def matching(station: ChargingStation, filters: Filters, *, now: datetime) -> list[Frame]:
    """One page, newest first, from the given range."""
    frames = Frame.objects.filter(station=station, at__gte=now - _SPANS[filters.range])
    if filters.action:
        frames = frames.filter(action=filters.action)
    if filters.direction:
        frames = frames.filter(outgoing=filters.direction == "out")
    if filters.errors:
        frames = frames.filter(Q(kind__in=(0, 4)) | Q(answer__startswith="[4") | ~Q(anomalies=""))
    if filters.before:
        frames = frames.filter(id__lt=filters.before)
    return list(frames.order_by("-id")[:PAGE])


def actions(station: ChargingStation, *, now: datetime) -> list[str]:
    """Actions of the last day, for the filter."""
    day = Frame.objects.filter(station=station, at__gte=now - timedelta(days=1)).exclude(action="")
    return sorted(set(day.values_list("action", flat=True).order_by()))


def lines(frames: Sequence[Frame], zone: ZoneInfo) -> list[dict[str, Any]]:
    """What a row shows: local time, sentence, our (or its) answer, both texts laid out."""
    return [
        {
            "id": frame.pk,
            "at": frame.at,
            "time": f"{frame.at.astimezone(zone):%H:%M:%S}",
            "day": svg.clock(frame.at, zone),
            "sentence": said.sentence(frame.action, frame.raw),
            "action": frame.action or "?",
            "outgoing": frame.outgoing,
            "broken": frame.kind in (0, 4) or frame.answer.startswith("[4"),
            "anomalies": frame.anomalies,
            "answer": said.answer(frame.answer) if frame.answer else "",
            "took": frame.took_us,
            "raw": said.pretty(frame.raw),
            "raw_answer": said.pretty(frame.answer) if frame.answer else "",
        }
        for frame in frames
    ]
