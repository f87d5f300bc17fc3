"""The code on the sticker as people type it: any case, with or without stars, or the six characters below the QR."""

from itertools import product

EVSE_ID_MIN = 7  # country (2) + operator (3) + E + at least one character: ISO 15118-1 annex H, OCPI evse_id
SHORT = 6
CONFUSED = {
    "O": "0",
    "0": "O",
    "I": "1",
    "1": "I",
    "L": "1",
    "S": "5",
    "5": "S",
    "B": "8",
    "8": "B",
    "Z": "2",
    "2": "Z",
}
_SEPARATORS = str.maketrans("", "", "*-_ .\t\u00a0")


def compact(text: str) -> str:
    """`it*adr*e0042*1` → `ITADRE00421`: what two spellings of one code share."""
    return text.translate(_SEPARATORS).upper()


def looks_like(text: str) -> bool:
    """Could this be a code at all (and not a street)? Six signs in one word, or country + operator + E…"""
    plain = compact(text)
    if not plain.isascii() or not plain.isalnum():
        return False
    if len(plain) == SHORT and " " not in text.strip():
        return True
    return len(plain) >= EVSE_ID_MIN and plain[:2].isalpha() and plain[5] == "E" and any(c.isdigit() for c in plain)


def prefix(plain: str) -> str:
    """How every id of the same operator begins in the database: `IT*ADR*E`."""
    return f"{plain[:2]}*{plain[2:5]}*E"


def misreadings(plain: str, limit: int = 64) -> list[str]:
    """The same code with O for 0, I for 1 and the like exchanged, nearest first: what a tired eye may have meant."""
    choices = [(sign, CONFUSED[sign]) if sign in CONFUSED else (sign,) for sign in plain]
    many = 1
    for choice in choices:
        many *= len(choice)
    if many > limit:
        return []
    spellings = ("".join(signs) for signs in product(*choices))
    return sorted(
        (s for s in spellings if s != plain), key=lambda s: sum(a != b for a, b in zip(s, plain, strict=True))
    )
