"""What becomes of a timestamp that cannot be true: replaced for hardware, kept for evidence, told in both cases."""

from datetime import UTC, datetime

import pytest

from stations.ocpp import scalars

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
BOOT = datetime(1970, 1, 1, 0, 0, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "replaced", "kept"),
    [
        ("1970-01-01T00:00:40Z", NOW, BOOT),
        ("2099-05-04T12:00:00Z", NOW, NOW.replace(year=2099)),
        ("0001-01-01T00:00:00Z", NOW, NOW),
        ("9999-12-31T23:59:59-23:00", NOW, NOW),
        ("222222017-10-27T19:10:11Z", NOW, NOW),
        (None, NOW, NOW),
    ],
)
def test_a_clock_that_cannot_be_true(told: str | None, replaced: datetime, kept: datetime) -> None:
    for keep, expected in ((False, replaced), (True, kept)):
        anomalies: list[str] = []
        assert scalars.instant(told, NOW, anomalies, keep=keep) == expected
        assert anomalies == ["clock"]


def test_a_right_clock_is_nothing_to_talk_about() -> None:
    anomalies: list[str] = []
    assert scalars.instant("2026-05-04T14:00:00+02:00", NOW, anomalies, keep=True) == NOW
    assert anomalies == []
