"""The number of an RFID card as readers and people write it: 04A1B2C3, 04:a1:b2:c3, 04-A1-B2-C3, 04 A1 B2 C3 (quirk 46). Pure."""

import re

_BYTES = re.compile(r"[0-9A-F]{2}(?:[ :-]?[0-9A-F]{2}){3,9}")  # 4 to 10 bytes: ISO 14443 and 15693
_SEPARATORS = re.compile(r"[ :-]")
_WRITTEN_WITH = ("", ":", "-", " ")


def key(text: str) -> str:
    """What two spellings of one card have in common; any other text only without regard to case and to blanks around it."""
    plain = text.strip().upper()
    return _SEPARATORS.sub("", plain) if _BYTES.fullmatch(plain) else plain


def spellings(text: str) -> list[str]:
    """How the same number may stand in our books, in upper case; first as it was given, then the likeliest."""
    plain = key(text)
    found = [text.upper(), text.strip().upper(), plain]
    if _BYTES.fullmatch(plain):
        found += [sign.join(re.findall("..", plain)) for sign in _WRITTEN_WITH]
    return list(dict.fromkeys(found))
