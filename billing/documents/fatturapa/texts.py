"""Words in the alphabets of FatturaPA: Basic Latin, or Basic Latin and Latin-1 (the `…Latin` types of the schema)."""

import unicodedata

# what has no decomposition that means the same to a reader
_SPELLED = str.maketrans(
    {
        "€": "EUR", "’": "'", "‘": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "‑": "-", "−": "-", "…": "...",
        "→": "->", "×": "x", "≤": "<=", "≥": ">=", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i",
        "ș": "s", "ț": "t", "№": "n.", "™": "(TM)", "•": "-", "Ω": "Ohm",
    }
)  # fmt: skip
_BASIC = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "ð": "d", "þ": "th", "·": "-", "×": "x"})
UNKNOWN = "?"


def latin(text: str, most: int) -> str:
    """At most `most` signs of Latin-1: accents of Western Europe stay, the rest is spelled out or loses its accents."""
    return _cut("".join(_fit(sign, 0xFF) for sign in text.translate(_SPELLED)), most)


def basic(text: str, most: int) -> str:
    """At most `most` signs of ASCII."""
    return _cut("".join(_fit(sign, 0x7E) for sign in text.translate(_SPELLED).translate(_BASIC)), most)


def _fit(sign: str, last: int) -> str:
    if unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp") or ord(sign) == 0xA0:
        return " "
    if ord(sign) <= last:
        return sign
    plain = "".join(part for part in unicodedata.normalize("NFKD", sign) if ord(part) <= last)
    return plain or ("" if unicodedata.combining(sign) else UNKNOWN)


def _cut(text: str, most: int) -> str:
    return " ".join(text.split())[:most].rstrip()
