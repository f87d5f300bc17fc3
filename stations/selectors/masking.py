"""Secrets do not leave the house: passwords in configuration frames and in URLs, wherever frames are shown."""

import re
from typing import Any

import orjson

from stations.services.variables import is_secret

MASK = "•••"
_SUSPECT = re.compile(r"authorizationkey|password|://[^/\"]*@", re.IGNORECASE)
_USERINFO = re.compile(r"(://[^/@:\s]*):[^/@\s]*@")


def masked(text: str) -> str:
    """JSON text as it is, unless it may hold a secret: then the same, compact, with the secret's value replaced."""
    if not _SUSPECT.search(text):
        return text
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError:
        return MASK
    return orjson.dumps(_without_secrets(said)).decode()


def address(text: str) -> str:
    """A URL without the password in it."""
    return _USERINFO.sub(rf"\1:{MASK}@", text)


def _without_secrets(said: Any) -> Any:
    if isinstance(said, dict):
        hidden = _hidden_member(said)
        return {name: MASK if name == hidden else _without_secrets(value) for name, value in said.items()}
    if isinstance(said, list):
        return [_without_secrets(each) for each in said]
    return address(said) if isinstance(said, str) else said


def _hidden_member(said: dict[str, Any]) -> str:
    """1.6: {"key", "value"}; 2.x: {"variable": {"name"}, "attributeValue"}."""
    variable = said.get("variable")
    name = variable.get("name") if isinstance(variable, dict) else said.get("key")
    if not isinstance(name, str) or not is_secret(name):
        return ""
    return "attributeValue" if isinstance(variable, dict) else "value"
