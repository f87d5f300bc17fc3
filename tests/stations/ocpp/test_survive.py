"""Whatever a station sends: every CALL whose id can be read gets exactly one answer, and nothing raises or closes the socket."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stations.ocpp import router
from stations.ocpp.schemas import Schemas
from tests.conftest import DATA

from .test_connect import Socket
from .world import NOBODY_ASKS, NOW, SCHEMAS, Exchange, World, gateway_of, line

VERSIONS = ("ocpp1.6", "ocpp2.0.1")
CASES = {
    version: [case["frame"] for case in orjson.loads((DATA / folder / "frames.json").read_bytes())]
    for version, folder in (("ocpp1.6", "ocpp16"), ("ocpp2.0.1", "ocpp201"))
}
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(
        ["", "null", "NaN", "-1", "1e400", "2026-05-01T08:00:00", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59-23:00"]
    )
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths to every value inside."""
    found = [path]
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        found += places(child, (*path, key))
    return found


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    key, *rest = path
    if isinstance(value, dict):
        changed = {k: replaced(v, tuple(rest), new) if k == key else v for k, v in value.items()}
        return {k: v for k, v in changed.items() if v is not GONE}
    return [replaced(v, tuple(rest), new) if k == key else v for k, v in enumerate(value)]


GONE = object()


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, str]:
    """A valid frame, one to three of whose payload's values were changed or taken away."""
    version = draw(st.sampled_from(VERSIONS))
    frame = draw(st.sampled_from([frame for frame in CASES[version] if len(frame) == 4]))
    payload = frame[3]
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(payload)))
        in_object = bool(path) and isinstance(path[-1], str)
        payload = replaced(payload, path, draw(st.just(GONE) | anything if in_object else anything))
    return version, json.dumps([2, "m1", frame[2], payload])


def answer_of(version: str, text: str) -> Any:
    return Exchange(text, version).answer


def assert_good(version: str, action: str, answer: Any) -> None:
    assert answer[0] in (3, 4)
    assert answer[1] == "m1"
    if answer[0] == 3:
        validator = SCHEMAS[version].response(action).validator
        assert [error.message for error in validator.iter_errors(answer[2])] == []
    else:
        assert answer[2] != "InternalError", answer
        assert len(answer) == 5


@settings(max_examples=400, deadline=None)
@given(mutated())
def test_a_mutated_frame_is_answered_once_and_never_by_a_bug(frame):
    version, text = frame
    assert_good(version, json.loads(text)[2], answer_of(version, text))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(VERSIONS), anything)
def test_any_json_is_survived(version, value):
    envelope = router.Envelope(line(version), json.dumps(value), NOW, 0, [])
    router.read(envelope, NOBODY_ASKS)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(VERSIONS), st.data())
def test_any_payload_of_any_action_is_answered(version, data):
    action = data.draw(st.sampled_from(sorted({frame[2] for frame in CASES[version] if isinstance(frame[2], str)})))
    payload = data.draw(st.dictionaries(st.text(max_size=10), anything, max_size=4))
    assert_good(version, action, answer_of(version, json.dumps([2, "m1", action, payload])))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(VERSIONS), st.text())
def test_any_text_is_survived(version, text):
    router.read(router.Envelope(line(version), text, NOW, 0, []), NOBODY_ASKS)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=40) | mutated().map(lambda frame: frame[1]), max_size=6))
async def test_the_socket_stays_open(texts):
    socket = Socket(gateway_of(World()))
    await socket.knock()
    for text in texts:
        await socket.say(text)
    await socket.say('[2,"the end","Heartbeat",{}]')
    answers = [await socket.hear()]
    while answers[-1][1] != "the end":
        answers.append(await socket.hear())
    asked = sum(text.startswith('[2, "m1"') for text in texts)
    assert sum(answer[1] == "m1" for answer in answers) == asked
    await socket.leave()


def test_frames_of_real_stations_are_all_answered(reference_data):
    lines = (reference_data / "ocpp" / "real_frames_from_public_issues.jsonl").read_text().splitlines()
    seen = [orjson.loads(text) for text in lines]
    calls = [entry for entry in seen if isinstance(entry["frame"], list) and entry["frame"][0] == 2]
    theirs = [entry for entry in calls if entry["direction"] == "CP->CS"]
    assert len(theirs) > 15
    for entry in theirs:
        frame = entry["frame"]
        version = "ocpp2.0.1" if frame[2] in ("TransactionEvent", "NotifyEvent", "NotifyReport") else "ocpp1.6"
        answer = answer_of(version, orjson.dumps(frame).decode())
        assert answer[0] == 3, (entry["vendor"], entry["note"], answer)
        assert SCHEMAS[version].response(frame[2]).validator.is_valid(answer[2])
    for entry in seen:
        router.read(router.Envelope(line(), orjson.dumps(entry["frame"]).decode(), NOW, 0, []), NOBODY_ASKS)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_schema_of_every_action_of_ours_compiles(version):
    schemas = Schemas(*{"ocpp1.6": ("v16", ""), "ocpp2.0.1": ("v201", "Request")}[version])
    for action in {frame[2] for frame in CASES[version] if isinstance(frame[2], str)}:
        if schemas.knows(action):
            assert schemas.request(action).tree["type"] == "object"
            assert schemas.response(action).tree["type"] == "object"
