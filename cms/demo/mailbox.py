"""The mails of the demo: files in a folder, one mail each, newest first."""

import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings

END = b"\n" + b"-" * 79 + b"\n"
"""What Django's file backend writes after each mail."""


@dataclass(frozen=True, slots=True)
class File:
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """`key` names the file and the mail's place in it."""

    key: str
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["subject"] or "")

    @property
    def to(self) -> str:
        return str(self.message["to"] or "")

    @property
    def sent_at(self) -> datetime | None:
        """A zone of -0000 is UTC without a word about the place (RFC 5322 §3.3)."""
        try:
            at = parsedate_to_datetime(str(self.message["date"]))
        except ValueError:
            return None
        return at if at.tzinfo else at.replace(tzinfo=UTC)

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        return str(part.get_content()) if part else ""

    @property
    def html(self) -> str:
        part = self.message.get_body(("html",))
        return str(part.get_content()) if part else ""

    @property
    def files(self) -> list[File]:
        parts = [part for part in self.message.iter_attachments() if isinstance(part, EmailMessage)]
        return [File(part.get_filename(""), part.get_content_type(), _bytes(part)) for part in parts]


def _bytes(part: EmailMessage) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def newest(most: int = 200) -> list[Mail]:
    found: list[Mail] = []
    for file in sorted(_files(), reverse=True):
        found += reversed(list(_read(file)))
        if len(found) >= most:
            break
    return found[:most]


def find(key: str) -> Mail | None:
    name, _dash, _place = key.rpartition("-")
    file = next((file for file in _files() if file.stem == name), None)
    return next((mail for mail in _read(file) if mail.key == key), None) if file else None


def empty() -> None:
    for file in _files():
        file.unlink(missing_ok=True)


def _files() -> list[Path]:
    folder = getattr(settings, "EMAIL_FILE_PATH", None)
    return list(Path(folder).glob("*.log")) if folder else []


def _read(file: Path) -> Iterator[Mail]:
    for place, raw in enumerate(file.read_bytes().split(END)):
        if raw.strip():
            message = email.message_from_bytes(raw, policy=email.policy.default)
            yield Mail(f"{file.stem}-{place}", message)
