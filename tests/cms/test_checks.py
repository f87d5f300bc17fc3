"""A bad value of the environment fails in `manage.py check`, with a hint."""

import pytest
from django.core.checks import run_checks

from cms.settings.environment import Environment


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


STRIPE = {
    "STRIPE_API_KEY": "sk_live_1",
    "STRIPE_PUBLISHABLE_KEY": "pk_live_1",
    "STRIPE_WEBHOOK_SECRET": "whsec_1",
    "STRIPE_API_BASE": "",
}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, ""),
        ({"STRIPE_API_KEY": "pk_live_1"}, "is no secret key"),
        ({"STRIPE_PUBLISHABLE_KEY": ""}, "needs a STRIPE_PUBLISHABLE_KEY"),
        ({"STRIPE_PUBLISHABLE_KEY": "pk_test_1"}, "one is live and the other is for tests"),
        ({"STRIPE_WEBHOOK_SECRET": ""}, "needs a STRIPE_WEBHOOK_SECRET"),
        ({"STRIPE_API_KEY": ""}, "set without STRIPE_API_KEY"),
        ({"STRIPE_API_BASE": "127.0.0.1:8420", "STRIPE_API_KEY": "sk_test_1"}, "STRIPE_API_BASE is no address"),
        ({"STRIPE_API_BASE": "http://127.0.0.1:8420"}, "A live STRIPE_API_KEY must not be sent"),
    ],
)
def test_keys_of_stripe_that_do_not_belong_together_are_told(settings, changes: dict[str, str], text: str) -> None:
    from cms import checks

    for name, value in {**STRIPE, **changes}.items():
        setattr(settings, name, value)
    found = checks.environment(None)
    assert [text in message.msg for message in found] == ([True] if text else [])
    assert all(message.hint for message in found)


@pytest.mark.parametrize(
    ("real", "key", "text"),
    [
        (False, "", ""),
        (True, "rk_live_1", ""),
        (True, "sk_test_1", "is a key for tests"),
        (True, "", "payments go to the fake provider"),
    ],
)
def test_where_money_is_real_a_provider_that_takes_none_is_told(settings, real: bool, key: str, text: str) -> None:
    from cms import checks

    settings.REAL_MONEY, settings.STRIPE_API_KEY = real, key
    assert [text in message.msg for message in checks.real_money(None)] == ([True] if text else [])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("database", "nonsense"),
        ("database", "mysql://localhost/colonnina"),
        ("database", "postgres://localhost"),
        ("mail", "carrier-pigeon://home"),
        ("mail", "nonsense"),
        ("whole", "eight"),
        ("whole", "1.5"),
        ("truth", "maybe"),
    ],
)
def test_what_cannot_be_read_counts_as_not_given_and_is_told(
    settings, monkeypatch: pytest.MonkeyPatch, kind: str, value: str
) -> None:
    from cms import checks

    defaults = {"database": "sqlite:////tmp/x", "mail": "consolemail://", "whole": 8000, "truth": True}
    monkeypatch.setenv("ASKED", value)
    env = Environment()
    read = getattr(env, kind)
    found = read("ASKED", defaults[kind])
    monkeypatch.delenv("ASKED")
    assert found == read("ASKED", defaults[kind])
    settings.UNREADABLE = env.unreadable
    (message,) = checks.environment(None)
    assert (message.msg, bool(message.hint)) == ("ASKED cannot be read.", True)


def test_a_readable_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    env = Environment()
    for text, meant in (("0", False), ("1", True), ("False", False), ("yes", True), ("", True)):
        monkeypatch.setenv("DEMO", text)
        assert env.truth("DEMO", True) is meant
    monkeypatch.setenv("ALLOWED_HOSTS", "a.example,b.example")
    assert env.texts("ALLOWED_HOSTS", ["localhost"]) == ["a.example", "b.example"]
    monkeypatch.setenv("ALLOWED_HOSTS", "")
    assert env.texts("ALLOWED_HOSTS", ["localhost"]) == ["localhost"]
    monkeypatch.setenv("DATABASE_URL", "postgres://u:p%40ss@db.example:5433/colonnina")
    found = env.database("DATABASE_URL", "sqlite:////tmp/x")
    assert (found["HOST"], found["PORT"], found["PASSWORD"]) == ("db.example", 5433, "p@ss")
    assert env.unreadable == {}
