"""What people type into boxes and addresses, before it goes near a query: PostgreSQL refuses NUL, nobody means the rest."""

from collections.abc import Mapping


def line(given: Mapping[str, str], name: str, most: int = 100) -> str:
    """One line without control characters and outer blanks, at most `most` characters; "" where it is missing."""
    return "".join(sign for sign in given.get(name, "") if sign.isprintable()).strip()[:most]


def number(given: Mapping[str, str], name: str) -> int | None:
    """A primary key, None for anything else."""
    text = given.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
