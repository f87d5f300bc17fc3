"""A bad value of the environment fails in `manage.py check`, with a hint."""

import pytest
from django.core.checks import run_checks


def test_the_defaults_pass() -> None:
    assert [message.id for message in run_checks() if message.id.startswith("colonnina")] == []


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("REDIS_URL", "localhost:6379", "REDIS_URL is no Redis address: 'localhost:6379'"),
        ("PUBLIC_URL", "charge.example.com", "PUBLIC_URL must be http(s)://host"),
        ("PUBLIC_URL", "https://charge.example.com/", "without a slash at the end"),
        ("HEARTBEAT_INTERVAL_S", 10, "60 to 86400 seconds, not 10"),
        ("FRAME_RETENTION_DAYS", 0, "1 or more"),
        ("PORT", 70000, "not 70000"),
        ("TIME_ZONE", "Europe/Roma", "Europe/Roma"),
        ("TILE_URL", "https://tiles.example.com/", "TILE_URL needs {z}"),
    ],
)
def test_a_bad_value_says_what_and_how_to_mend_it(settings, name: str, value: object, text: str) -> None:
    from cms import checks

    setattr(settings, name, value)
    (message,) = checks.environment(None)
    assert text in message.msg
    assert message.hint
