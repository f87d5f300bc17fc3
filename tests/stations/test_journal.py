"""Frames: every one is kept as it was, and being heard counts (architecture §5)."""

from datetime import timedelta

from stations.models import Frame
from stations.services import journal
from stations.vocabulary.events import FramesSeen
from stations.vocabulary.replies import DONE
from tests.factories import StationFactory

from .conftest import NOON, cost, frame


def test_frames_are_kept_as_they_were_on_the_wire(station, tell):
    raw = '[2, "7","StatusNotification", {"info":"caffè ⚡\\\\ \\n","connectorId":1}]'
    told = frame(station, raw=raw, action="StatusNotification", message_id="7", answer='[3,"7",{}]', took_us=1234)
    assert tell(FramesSeen((told,))) == DONE
    row = Frame.objects.get()
    assert (row.raw, row.answer, row.took_us) == (raw, '[3,"7",{}]', 1234)
    assert (row.station_id, row.epoch, row.at, row.outgoing, row.kind) == (station.pk, 1, NOON, False, 2)


def test_being_heard_is_written_at_most_once_a_minute(station, tell, django_capture_on_commit_callbacks):
    def heard(seconds: int):
        with django_capture_on_commit_callbacks(execute=True):
            tell(FramesSeen((frame(station, NOON + timedelta(seconds=seconds)),)))
        station.refresh_from_db()
        return station.last_seen

    assert heard(0) == NOON
    assert heard(30) == NOON
    assert heard(60) == NOON + timedelta(seconds=60)


def test_what_we_said_ourselves_is_no_sign_of_life(station, tell):
    tell(FramesSeen((frame(station, outgoing=True),)))
    station.refresh_from_db()
    assert station.last_seen is None


def test_repaired_frames_are_counted_on_their_station(station, tell):
    other = StationFactory()
    bad = frame(station, anomalies=("dropped:errorCode", "timestamp"))
    tell(FramesSeen((bad, bad, frame(station), frame(other, anomalies=("x",)), frame(other, outgoing=True))))
    station.refresh_from_db()
    other.refresh_from_db()
    assert (station.anomalies, other.anomalies) == (2, 1)
    assert Frame.objects.filter(anomalies="dropped:errorCode,timestamp").count() == 2


def test_fifty_frames_cost_as_many_statements_as_one(operator, tell):
    stations = [StationFactory(operator=operator, location=None) for _ in range(51)]
    frames = [frame(station) for station in stations]
    alone = cost(lambda: tell(FramesSeen((frames[0],))))
    assert cost(lambda: tell(FramesSeen(tuple(frames[1:])))) == alone <= 2


def test_old_frames_are_dropped_in_slices(station, tell):
    tell(FramesSeen(tuple(frame(station, NOON - timedelta(days=n)) for n in range(5))))
    assert journal.retire(before=NOON - timedelta(days=1, hours=1), at_once=2) == 2
    assert journal.retire(before=NOON - timedelta(days=1, hours=1), at_once=2) == 1
    assert journal.retire(before=NOON - timedelta(days=1, hours=1), at_once=2) == 0
    assert sorted(Frame.objects.values_list("at", flat=True)) == [NOON - timedelta(days=1), NOON]


def test_no_frames_no_statement(db, tell):
    assert cost(lambda: tell(FramesSeen(()))) == 0
