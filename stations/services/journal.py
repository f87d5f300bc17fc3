"""The journal: every frame as it was on the wire, written in the transaction of its effects."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Case, F, IntegerField, Value, When

from cms.core import rows
from stations.models import ChargingStation
from stations.models import Frame as Line
from stations.services import announce, presence, proofs
from stations.vocabulary.events import FramesSeen
from stations.vocabulary.values import Frame

_COLUMNS = (
    "station_id",
    "epoch",
    "at",
    "outgoing",
    "kind",
    "message_id",
    "action",
    "raw",
    "answer",
    "took_us",
    "anomalies",
)
CALL = 2


def write(batches: Sequence[FramesSeen]) -> None:
    """One COPY, whatever the batch; also what follows from hearing a station at all."""
    frames = [frame for batch in batches for frame in batch.frames]
    if not frames:
        return
    rows.insert(Line, _COLUMNS, [(*_of(frame), ",".join(frame.anomalies)) for frame in frames])
    heard = [frame for frame in frames if not frame.outgoing]
    presence.seen({frame.station: frame.at for frame in heard})
    proofs.messages(_actions(heard), max(frame.at for frame in frames))
    _count_anomalies(heard)
    announce.frames({frame.station for frame in frames})


def _of(frame: Frame) -> tuple[int, int, datetime, bool, int, str, str, str, str, int]:
    return (
        frame.station,
        frame.epoch,
        frame.at,
        frame.outgoing,
        frame.kind,
        frame.message_id,
        frame.action,
        frame.raw,
        frame.answer,
        frame.took_us,
    )


def _actions(heard: Iterable[Frame]) -> dict[int, set[str]]:
    actions: dict[int, set[str]] = {}
    for frame in heard:
        if frame.kind == CALL:
            actions.setdefault(frame.station, set()).add(frame.action)
    return actions


def _count_anomalies(heard: Iterable[Frame]) -> None:
    repaired = Counter(frame.station for frame in heard if frame.anomalies)
    if repaired:
        more = Case(*[When(pk=pk, then=Value(n)) for pk, n in sorted(repaired.items())], output_field=IntegerField())
        ChargingStation.objects.filter(pk__in=repaired).update(anomalies=F("anomalies") + more)


def retire(*, before: datetime, at_once: int) -> int:
    """Sweep: drops at most `at_once` lines older than that. Returns how many; call again until it returns 0."""
    old = Line.objects.filter(at__lt=before).order_by("id").values_list("id", flat=True)[:at_once]
    return Line.objects.filter(id__in=list(old)).delete()[0]
