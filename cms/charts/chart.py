from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString


@dataclass(frozen=True, slots=True)
class Chart:
    """`svg` and `key` are safe HTML; `head` and `rows` are plain text, one row per line of the table twin."""

    svg: SafeString
    question: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    key: str = ""
