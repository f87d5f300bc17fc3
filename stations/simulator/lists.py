"""The local authorization list as a station keeps it (1.6 §3.5, 2.0.1 D)."""

from collections.abc import Sequence
from typing import Any


class LocalList:
    def __init__(self) -> None:
        self.version = 0
        self.entries: dict[str, Any] = {}

    def take(self, version: int, entries: Sequence[tuple[str, Any]], *, full: bool) -> bool:
        """A full list replaces; a difference adds, and removes what comes without a status. False if it is not newer."""
        if not full and version <= self.version:
            return False
        known = {} if full else dict(self.entries)
        for token, info in entries:
            if info is None:
                known.pop(token, None)
            else:
                known[token] = info
        self.version, self.entries = version, known
        return True
