"""Frames that are no good OCPP, or no good JSON: nothing is left without the answer it deserves, nothing closes the socket."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stations.ocpp import frames
from stations.vocabulary import events
from stations.vocabulary.replies import Failed

from .world import Exchange, World, say


@pytest.mark.parametrize(
    ("text", "v16", "v201"),
    [
        ("", None, ["-1", "RpcFrameworkError"]),
        ("hello", None, ["-1", "RpcFrameworkError"]),
        ("{}", None, ["-1", "RpcFrameworkError"]),
        ("[]", None, ["-1", "RpcFrameworkError"]),
        ("[2]", None, ["-1", "RpcFrameworkError"]),
        ('[2,null,"Heartbeat",{}]', None, ["-1", "RpcFrameworkError"]),
        ('[2,["a"],"Heartbeat",{}]', None, ["-1", "RpcFrameworkError"]),
        ('[9,"m1","Heartbeat",{}]', None, ["m1", "MessageTypeNotSupported"]),
        ('["2","m1","Heartbeat",{}]', None, ["m1", "MessageTypeNotSupported"]),
        ('[6,"m1","NotifyPeriodicEventStream",{}]', None, ["m1", "MessageTypeNotSupported"]),
        ('[2,"m1","Heartbeat",{', ["m1", "FormationViolation"], ["m1", "FormatViolation"]),
        (' [ 2 , "m\\"1" , "Heartbeat" , {"a" 1}]', ['m"1', "FormationViolation"], ['m"1', "FormatViolation"]),
        ('[2,"m1"', ["m1", "FormationViolation"], ["m1", "FormatViolation"]),
        ('[2,"m1"]', ["m1", "FormationViolation"], ["m1", "FormatViolation"]),
        ("[" * 100_000, None, ["-1", "RpcFrameworkError"]),
    ],
)
def test_a_malformed_frame_is_answered_as_its_version_wants(text, v16, v201):
    for version, expected in (("ocpp1.6", v16), ("ocpp2.0.1", v201)):
        exchange = Exchange(text, version)
        assert (exchange.answer and exchange.answer[1:3]) == expected
        assert exchange.event is None
        assert exchange.frame.raw == text
        assert exchange.frame.answer == exchange.text


def test_a_message_id_that_is_a_number_comes_back_as_a_number():
    exchange = Exchange('[2,19223201,"Heartbeat",{}]')
    assert exchange.answer[:2] == [3, 19223201]
    assert exchange.frame.message_id == "19223201"


def test_a_bad_escape_is_read_as_what_was_meant():
    exchange = Exchange('[2,"m1","Authorize",{"idTag":"336699\\4"}]')
    assert exchange.event.token.text == "336699\\4"
    assert exchange.anomalies == ("json",)
    assert exchange.answer[0] == 3


@pytest.mark.parametrize(
    ("text", "tag", "anomaly"),
    [
        ('[2,"m1","Authorize",{"idTag":"A\\u0000B"}]', "AB", "nul"),
        ('[2,"m1","Authorize",{"idTag":"A\x00B"}]', "AB", "json"),
        ('\ufeff[2,"m1","Authorize",{"idTag":"A\tB"}]', "A\tB", "json"),
        ('[2,"m1","Authorize",{"idTag":"A\\ud800B"}]', "A�B", "json"),
    ],
)
def test_characters_that_no_database_stores_are_left_out(text, tag, anomaly):
    exchange = Exchange(text)
    assert exchange.event.token.text == tag
    assert exchange.anomalies == (anomaly,)
    assert "\x00" not in exchange.frame.raw


def test_a_literal_backslash_u0000_is_no_nul():
    assert Exchange('[2,"m1","Authorize",{"idTag":"A\\\\u0000B"}]').anomalies == ()


def test_the_journal_keeps_the_frame_its_answer_and_the_time_it_took():
    exchange = say("Heartbeat", {})
    assert exchange.frame.raw == '[2,"m1","Heartbeat",{}]'
    assert exchange.frame.answer == '[3,"m1",{"currentTime":"2026-05-01T08:30:00.120Z"}]'
    assert (exchange.frame.kind, exchange.frame.action, exchange.frame.message_id) == (2, "Heartbeat", "m1")
    assert (exchange.frame.station, exchange.frame.epoch, exchange.frame.outgoing) == (7, 3, False)
    assert exchange.frame.took_us > 0


def test_a_handlers_failure_is_a_callerror_in_the_versions_spelling():
    for version, code in (("ocpp1.6", "OccurenceConstraintViolation"), ("ocpp2.0.1", "OccurrenceConstraintViolation")):
        world = World()
        world.answers[events.HeartbeatSeen] = Failed("OccurrenceConstraintViolation", "x" * 300)
        exchange = say("Heartbeat", {}, version, world=world)
        assert exchange.answer == [4, "m1", code, "x" * 255, {}]


def test_a_bug_in_an_adapter_is_our_error_and_not_the_stations(monkeypatch, caplog):
    monkeypatch.setattr("stations.ocpp.scalars.text", None)
    exchange = say("BootNotification", {"chargePointVendor": "A", "chargePointModel": "B"})
    assert exchange.answer == [4, "m1", "InternalError", "", {}]
    assert "Cannot read a BootNotification of CP-7" in caplog.text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def spaced(value: object) -> str:
    return json.dumps(value, indent=3, ensure_ascii=False)


@given(JSON)
def test_compacting_changes_blanks_alone(value):
    text = spaced(value)
    compacted = frames.compact(text)
    assert json.loads(compacted) == value
    assert compacted == json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def test_compacting_keeps_how_numbers_are_spelt():
    text = '{ "limit" : 6.10 , "b": 11000, "c": 1E3, "d": 123456789012345678901234567890, "e": "a  \\" b" }'
    compacted = '{"limit":6.10,"b":11000,"c":1E3,"d":123456789012345678901234567890,"e":"a  \\" b"}'
    assert frames.compact(text) == compacted


@given(JSON, st.integers(0, 2))
def test_an_element_is_cut_out_character_for_character(value, index):
    others: list[object] = [1, "id", {"x": [1]}]
    others[index] = value
    assert json.loads(frames.element(spaced(others), index)) == value
