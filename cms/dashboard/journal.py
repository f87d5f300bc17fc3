"""The message log: which lines, and how one reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cms.core import typed
from cms.dashboard import said
from stations.models import ChargingStation, Frame

PAGE, LATEST = 100, 8
RANGES = (("1h", _("1 h")), ("24h", _("24 h")), ("7d", _("7 d")), ("90d", _("90 d")))
_SPANS = {"1h": timedelta(hours=1), "24h": timedelta(hours=24), "7d": timedelta(days=7), "90d": timedelta(days=90)}
# An answer to a call of ours stands on the call's line; a CALLERROR nobody can be found for stays a line of its own.
_CALLS = ~Q(kind=3) & ~Q(kind=4, outgoing=False)


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
        direction = given.get("direction", "")
        return cls(
            action=typed.line(given, "action", 64),
            direction=direction if direction in ("in", "out") else "",
            errors=given.get("errors") == "1",
            range=given["range"] if given.get("range") in _SPANS else "24h",
            before=typed.number(given, "before"),
        )


def latest(station: ChargingStation) -> list[Frame]:
    return list(Frame.objects.filter(_CALLS, station=station).order_by("-id")[:LATEST])


def matching(station: ChargingStation, filters: Filters, *, now: datetime) -> list[Frame]:
    """One page, newest first, from the given range."""
    frames = Frame.objects.filter(_CALLS, station=station, at__gte=now - _SPANS[filters.range])
    if filters.action:
        frames = frames.filter(action=filters.action)
    if filters.direction:
        frames = frames.filter(outgoing=filters.direction == "out")
    if filters.errors:
        refused = Frame.objects.filter(station=station, at__gte=now - _SPANS[filters.range], kind=4, outgoing=False)
        by_it = Q(outgoing=True, message_id__in=refused.values("message_id"))
        frames = frames.filter(Q(kind__in=(0, 4)) | Q(answer__startswith="[4") | ~Q(anomalies="") | by_it)
    if filters.before:
        frames = frames.filter(id__lt=filters.before)
    return list(frames.order_by("-id")[:PAGE])


def actions(station: ChargingStation, *, now: datetime) -> list[str]:
    """Actions of the last day, for the filter."""
    day = Frame.objects.filter(station=station, at__gte=now - timedelta(days=1)).exclude(action="")
    return sorted(set(day.values_list("action", flat=True).order_by()))


def lines(frames: Sequence[Frame], zone: ZoneInfo) -> list[dict[str, Any]]:
    """What a row shows: local time, sentence, our answer or its answer to us, both texts laid out. One query."""
    replies = _replies(frames)
    return [_line(frame, replies.get(frame.message_id) if frame.outgoing else None, zone) for frame in frames]


def _replies(frames: Sequence[Frame]) -> dict[str, Frame]:
    """What the station answered to our calls among these, by message id."""
    asked = [frame for frame in frames if frame.outgoing]
    if not asked:
        return {}
    answers = Frame.objects.filter(
        station=asked[0].station_id,
        kind__in=(3, 4),
        outgoing=False,
        message_id__in=[frame.message_id for frame in asked],
        at__gte=min(frame.at for frame in asked),
    )
    return {answer.message_id: answer for answer in answers.order_by("-id")}


def _line(frame: Frame, reply: Frame | None, zone: ZoneInfo) -> dict[str, Any]:
    answer = reply.raw if reply else frame.answer
    took = int((reply.at - frame.at).total_seconds() * 1_000_000) if reply else frame.took_us
    return {
        "id": frame.pk,
        "at": frame.at,
        "time": f"{frame.at.astimezone(zone):%H:%M:%S}",
        "sentence": said.sentence(frame.action, frame.raw),
        "action": frame.action or "?",
        "outgoing": frame.outgoing,
        "broken": frame.kind in (0, 4) or answer.startswith("[4"),
        "anomalies": frame.anomalies,
        "answer": said.answer(answer) if answer else "",
        "took": took,
        "raw": said.pretty(frame.raw),
        "raw_answer": said.pretty(answer) if answer else "",
    }
