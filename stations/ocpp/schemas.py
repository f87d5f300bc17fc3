"""The JSON schemas of the `ocpp` package, each compiled when it is first needed.

Draft 4 without format checks: the 2.0.1 files say draft 6 but the package itself checks them as Draft 4, and timestamps are
read by ourselves, leniently.
"""

from importlib import resources
from typing import Any, NamedTuple

import jsonschema_rs
import orjson


class Schema(NamedTuple):
    tree: dict[str, Any]
    validator: jsonschema_rs.Draft4Validator


class Schemas:
    """`folder` of the package ("v16"), `suffix` of its request files ("" or "Request")."""

    def __init__(self, folder: str, suffix: str) -> None:
        self._folder = resources.files("ocpp") / folder / "schemas"
        self._suffix = suffix
        self._requests: dict[str, Schema] = {}
        self._names: frozenset[str] = frozenset()

    def request(self, action: str) -> Schema:
        """Raises KeyError for an action that the version does not have."""
        schema = self._requests.get(action)
        if schema is None:
            schema = self._requests[action] = self._load(action + self._suffix)
        return schema

    def response(self, action: str) -> Schema:
        return self._load(f"{action}Response")

    def knows(self, action: str) -> bool:
        return action + self._suffix in self._files()

    def _files(self) -> frozenset[str]:
        if not self._names:
            self._names = frozenset(file.name.removesuffix(".json") for file in self._folder.iterdir())
        return self._names

    def _load(self, name: str) -> Schema:
        if name not in self._files():
            raise KeyError(name)
        tree = orjson.loads((self._folder / f"{name}.json").read_text("utf-8-sig"))
        return Schema(tree, jsonschema_rs.Draft4Validator(tree, validate_formats=False))
