"""Commands as text: what is written is what is read."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from stations.vocabulary import commands as words
from stations.vocabulary import written
from stations.vocabulary.values import EvseRef, IdToken

evses = st.none() | st.builds(EvseRef, st.integers(0, 2**31), st.none() | st.integers(0, 2**31))
times = st.none() | st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))]))
texts = st.text(max_size=30)


def built(kind: type) -> st.SearchStrategy:
    known = {
        "evse": evses,
        "token": st.builds(IdToken, texts, st.none() | texts),
        "since": times,
        "until": times,
        "retrieve_at": times.filter(bool),
        "names": st.lists(st.tuples(texts, texts)).map(tuple),
    }
    hints = kind.__annotations__
    given_fields = {name: known[name] for name in hints if name in known}
    if kind is words.UnlockConnector:
        given_fields["evse"] = evses.filter(bool)
    return st.builds(kind, **given_fields)


@given(st.sampled_from(words.COMMANDS).flatmap(built))
def test_every_command_survives_the_way_through_the_database(command):
    assert written.command(type(command).__name__, written.arguments(command)) == command


def test_the_text_is_compact_and_names_the_fields():
    command = words.UpdateFirmware("https://x.example/fw", 7, datetime(2026, 5, 1, 12, tzinfo=UTC))
    expected = '{"url":"https://x.example/fw","request_id":7,"retrieve_at":"2026-05-01T12:00:00+00:00"}'
    assert written.arguments(command) == expected
