"""Errors with a name and facts, raised by services and translated once per door.

DomainError
├── Invalid       the input is wrong: `fields` says where and what         (HTTP 400)
├── NotFound      unknown, or not visible to the asker                     (HTTP 404)
├── Forbidden     visible, but the role does not allow it                  (HTTP 403)
├── Conflict      the state does not allow it now: `code` says why         (HTTP 409)
└── Unavailable   something we need is down; trying again later may help   (HTTP 503)
"""

from collections.abc import Mapping, Sequence
from typing import Any


class DomainError(Exception):
    """`text` is a sentence for people, `code` one word for machines, `facts` what was involved."""

    code = "error"
    http_status = 500

    def __init__(self, text: str, *, code: str | None = None, **facts: Any) -> None:
        super().__init__(text)
        self.text = text
        self.code = code or self.code
        self.facts = facts


class Invalid(DomainError):
    code = "invalid"
    http_status = 400

    def __init__(self, fields: Mapping[str, Sequence[str]] | str, *, code: str | None = None) -> None:
        self.fields = (
            {"non_field_errors": [fields]} if isinstance(fields, str) else {k: list(v) for k, v in fields.items()}
        )
        super().__init__("; ".join(f"{k}: {' '.join(v)}" for k, v in self.fields.items()), code=code)
        self.text = " ".join(
            sentence for said in self.fields.values() for sentence in said
        )  # names of fields are for logs


class NotFound(DomainError):
    code = "not_found"
    http_status = 404


class Forbidden(DomainError):
    code = "forbidden"
    http_status = 403


class Conflict(DomainError):
    code = "conflict"
    http_status = 409


class Unavailable(DomainError):
    code = "unavailable"
    http_status = 503
