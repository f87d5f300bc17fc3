"""The hash chain of corrispettivi (DM 17 June 2014: unalterable, whole, traceable). PURE.

Each entry's hash is SHA-256 over the hash before it and a canonical JSON of the entry: keys in alphabetical order, no blanks,
amounts and energies as plain decimals, instants in UTC. Whoever has the export can compute it again.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

FIELDS = (
    "number", "day", "reason", "cdr", "reverses", "started_at", "stopped_at", "evse", "latitude", "longitude", "energy", "currency",
    "taxable", "vat", "total", "paid", "recorded_at",
)  # fmt: skip


def digest(previous: str, entry: Mapping[str, Any]) -> str:
    """Of an entry's FIELDS; `cdr` and `reverses` are keys of rows (or None). KeyError where one is missing."""
    said = {name: _plain(entry[name]) for name in FIELDS}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, date) else value
