"""How the environment is read. A value without sense counts as not given, and `manage.py check` says so (cms.checks):
an installation must not start with settings that nobody asked for, nor with a traceback."""

from collections.abc import Callable
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

_TRUTH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
_ENGINES = ("django.db.backends.postgresql", "django.db.backends.sqlite3")


class Environment:
    """`unreadable`: variable → what it should have been."""

    def __init__(self) -> None:
        self._env = environ.Env()
        self.unreadable: dict[str, str] = {}

    def text(self, name: str, default: str = "") -> str:
        return str(self._env.str(name, default) or default)

    def texts(self, name: str, default: list[str]) -> list[str]:
        """Separated by commas; what is empty counts as not given."""
        return list(self._env.list(name, default=default)) or default

    def whole(self, name: str, default: int) -> int:
        return int(self._read(name, default, int, "A whole number is expected."))

    def truth(self, name: str, default: bool) -> bool:
        return bool(self._read(name, default, lambda text: _TRUTH[text.lower()], "1 or 0 is expected."))

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        wanted = f"One of {', '.join(choices)} is expected."
        return str(self._read(name, default, lambda text: choices[choices.index(text.upper())], wanted))

    def database(self, name: str, default: str) -> dict[str, Any]:
        hint = "For example postgres://user:password@localhost:5432/colonnina or sqlite:////var/lib/colonnina.sqlite3"
        return dict(self._read(name, None, _database, hint) or _database(default))

    def mail(self, name: str, default: str) -> dict[str, Any]:
        hint = "For example smtp+tls://user:password@mail.example.com:587"
        return dict(self._read(name, None, environ.Env.email_url_config, hint) or environ.Env.email_url_config(default))

    def _read(self, name: str, default: Any, cast: Callable[[str], Any], hint: str) -> Any:
        text = self.text(name).strip()
        if not text:
            return default
        try:
            return cast(text)
        except (ValueError, KeyError, ImproperlyConfigured):
            self.unreadable[name] = hint
            return default


def _database(url: str) -> dict[str, Any]:
    if url.partition("://")[0] not in environ.Env.DB_SCHEMES:
        raise ValueError("no address of a database")
    settings: dict[str, Any] = environ.Env.db_url_config(url)
    if settings.get("ENGINE") not in _ENGINES or not settings.get("NAME"):
        raise ValueError("neither PostgreSQL nor SQLite")
    return settings
