"""Mends a payload that its schema refuses, as far as its meaning is plain (field-quirks.md). Pure.

What was mended is named: "unknown:serverIP" dropped, "name:idtag" spelled otherwise, "null:info" absent, "empty:unit" absent,
"single:meterValue" wrapped into a list, "list:evse" unwrapped, "type:value" converted or (if that is impossible) dropped,
"long:model" kept, "enum:errorCode" kept, "case:status" respelled.
"""

import re
from typing import Any

from . import frames

ABSENT = object()
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?")
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_ODD = re.compile(r"[^A-Za-z0-9_.-]")


def mend(payload: dict[str, Any], schema: dict[str, Any], anomalies: list[str]) -> dict[str, Any]:
    """A payload that the adapters can read; members that could not be mended are absent. Adds to `anomalies`."""
    return _Mender(schema, anomalies).members(payload, schema)


class _Mender:
    def __init__(self, root: dict[str, Any], anomalies: list[str]) -> None:
        self.definitions = root.get("definitions", {})
        self.anomalies = anomalies

    def note(self, kind: str, name: str) -> None:
        note = f"{kind}:{_ODD.sub('_', name)[:40]}"
        if note not in self.anomalies:
            self.anomalies.append(note)

    def value(self, value: Any, schema: dict[str, Any], name: str) -> Any:
        if reference := schema.get("$ref"):
            schema = self.definitions[reference.rpartition("/")[2]]
        mend = _KINDS.get(schema.get("type", ""))
        return mend(self, value, schema, name) if mend else value

    def members(self, value: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
        known = schema.get("properties", {})
        required = schema.get("required", ())
        mended: dict[str, Any] = {}
        for given, item in value.items():
            name = given if given in known else self._name(given, known)
            if name is None:
                if schema.get("additionalProperties", True) is False:
                    self.note("unknown", given)
                else:
                    mended[given] = item
            elif item is None:
                self.note("null", name)
            elif item in ("", "null") and name not in required:
                self.note("empty", name)
            elif name not in mended and (kept := self.value(item, known[name], name)) is not ABSENT:
                mended[name] = kept
        return mended

    def _name(self, given: str, known: dict[str, Any]) -> str | None:
        plain = given.replace("_", "").lower()
        for name in known:
            if name.lower() == plain:
                self.note("name", given)
                return name
        return None

    def object(self, value: Any, schema: dict[str, Any], name: str) -> Any:
        if isinstance(value, list) and len(value) == 1:
            self.note("list", name)
            value = value[0]
        if not isinstance(value, dict):
            self.note("type", name)
            return ABSENT
        return self.members(value, schema)

    def array(self, value: Any, schema: dict[str, Any], name: str) -> Any:
        if not isinstance(value, list):
            self.note("single", name)
            value = [value]
        items = schema.get("items", {})
        return [kept for item in value if (kept := self.value(item, items, name)) is not ABSENT]

    def string(self, value: Any, schema: dict[str, Any], name: str) -> str:
        if not isinstance(value, str):
            self.note("type", name)
            value = (
                str(value) if isinstance(value, int | float) and not isinstance(value, bool) else frames.dumps(value)
            )
        if len(value) > schema.get("maxLength", len(value)):
            self.note("long", name)
        words = schema.get("enum")
        return self._word(value, words, name) if words and value not in words else value

    def _word(self, value: str, words: list[str], name: str) -> str:
        for word in words:
            if word.lower() == value.strip().lower():
                self.note("case", name)
                return word
        self.note("enum", name)
        return value

    def number(self, value: Any, schema: dict[str, Any], name: str) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            if schema["type"] == "integer" and not isinstance(value, int):
                self.note("type", name)
                return int(value) if value.is_integer() and abs(value) < 2**63 else value
            return value
        self.note("type", name)
        text = value.strip() if isinstance(value, str) else ""
        if not _NUMBER.fullmatch(text):
            return ABSENT
        return int(text) if text.lstrip("+-").isdigit() and len(text) < 20 else float(text.replace(",", "."))

    def boolean(self, value: Any, schema: dict[str, Any], name: str) -> Any:
        if isinstance(value, bool):
            return value
        self.note("type", name)
        return _BOOLEANS.get(str(value).strip().lower(), ABSENT)


_KINDS = {
    "object": _Mender.object,
    "array": _Mender.array,
    "string": _Mender.string,
    "integer": _Mender.number,
    "number": _Mender.number,
    "boolean": _Mender.boolean,
}
