"""Frame in, event and answer out: a table per version, written from the specifications and from field-quirks."""

from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from stations.ocpp.scalars import timestamp
from stations.ocpp.versions import VERSIONS
from tests.conftest import DATA

from .world import Exchange, assert_valid_answer

FOLDERS = {"ocpp1.6": "ocpp16", "ocpp2.0.1": "ocpp201"}
CASES = [
    pytest.param(version, case, id=f"{version} {case['name']}")
    for version, folder in FOLDERS.items()
    for case in orjson.loads((DATA / folder / "frames.json").read_bytes())
]


def plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if is_dataclass(value):
        return [plain(getattr(value, field.name)) for field in fields(value)]
    return value


@pytest.mark.parametrize(("version", "case"), CASES)
def test_a_frame_becomes_its_event_and_gets_its_answer(version: str, case: dict[str, Any]) -> None:
    exchange = Exchange(orjson.dumps(case["frame"]).decode(), version)
    if code := case.get("error"):
        kind, message_id, given, _, details = exchange.answer
        assert (kind, message_id, given, details) == (4, "m1", code, {})
        assert exchange.event is None
        return
    name, expected = case["event"]
    assert type(exchange.event).__name__ == name
    assert {key: plain(getattr(exchange.event, key)) for key in expected} == expected
    assert exchange.event.message_id == "m1"
    assert exchange.event.version == version
    assert list(exchange.event.anomalies) == case.get("anomalies", [])
    assert exchange.frame.anomalies == exchange.event.anomalies
    assert_valid_answer(exchange, version, case["frame"][2])
    if "answer" in case:
        assert exchange.answer == [3, "m1", case["answer"]]


@pytest.mark.parametrize("version", FOLDERS)
def test_every_action_that_we_serve_is_in_the_table(version: str) -> None:
    cases = orjson.loads((DATA / FOLDERS[version] / "frames.json").read_bytes())
    shown = {case["frame"][2] for case in cases if "event" in case}
    notices = {action for action, inbound in VERSIONS[version].inbound.items() if inbound.read.__name__ == "notice"}
    assert set(VERSIONS[version].inbound) - notices <= shown
