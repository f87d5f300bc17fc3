"""Commands as text and back: what a Command row keeps in `kind` and `arguments`."""

import json
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from typing import Any

from .commands import COMMANDS, Command
from .values import EvseRef, IdToken

_KINDS: dict[str, type] = {kind.__name__: kind for kind in COMMANDS}


def arguments(command: Command) -> str:
    """The fields of a command as a JSON object."""
    said = {field.name: _plain(getattr(command, field.name)) for field in fields(command)}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def command(kind: str, arguments: str) -> Command:
    """The inverse of `arguments`. Raises KeyError for a kind that does not exist."""
    said: dict[str, Any] = json.loads(arguments)
    built: Command = _KINDS[kind](
        **{
            name: _READERS[name](value) if value is not None and name in _READERS else value
            for name, value in said.items()
        }
    )
    return built


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


_READERS: dict[str, Callable[[Any], Any]] = {
    "evse": lambda value: EvseRef(*value),
    "token": lambda value: IdToken(*value),
    "since": datetime.fromisoformat,
    "start": datetime.fromisoformat,
    "until": datetime.fromisoformat,
    "retrieve_at": datetime.fromisoformat,
    "names": lambda value: tuple((component, variable) for component, variable in value),
}
