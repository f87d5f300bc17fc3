"""Signed meter values in every wrapping that stations use (OCA "Signed meter values in OCPP"; 1.6 §11, 2.0.1 J): through the
adapter, kept as evidence, read again and verified."""

from typing import Any

import orjson
import pytest

from sessions_app.metering import kept, signed
from tests.conftest import DATA

from .test_read import FOLDERS
from .world import Exchange

TOLD = {version: orjson.loads((DATA / folder / "signed.json").read_bytes()) for version, folder in FOLDERS.items()}
CASES = [
    pytest.param(version, told["public_key"], case["frames"], id=f"{version} {case['name']}")
    for version, told in TOLD.items()
    for case in told["cases"]
]


def arrived(version: str, frames: list[Any]) -> list[str]:
    """The signed texts as evidence keeps them, each record once."""
    found = []
    for frame in frames:
        event: Any = Exchange(orjson.dumps(frame).decode(), version).event
        readings = kept.load(kept.dump(event.readings).decode())
        found += [sample.signed for reading in readings for sample in reading.samples if sample.signed is not None]
    return found


@pytest.mark.parametrize(("version", "key", "frames"), CASES)
def test_a_signed_value_arrives_whole(version: str, key: str, frames: list[Any]) -> None:
    records = {record.text: record for record in map(signed.unwrap, arrived(version, frames))}
    checked = [signed.check(record, key) for record in records.values()]

    assert {one.status for one in checked} == {signed.VALID}
    assert signed.add_up(checked) == signed.Sum(7_500_000)
    assert {one.record.key for one in checked} <= {"", key}


@pytest.mark.parametrize(("version", "key", "frames"), CASES)
def test_a_signed_value_is_no_number(version: str, key: str, frames: list[Any]) -> None:
    for frame in frames:
        event: Any = Exchange(orjson.dumps(frame).decode(), version).event
        samples = [sample for reading in event.readings for sample in reading.samples]
        assert not [sample for sample in samples if sample.signed is not None and sample.value is not None]
        assert event.anomalies == ()
