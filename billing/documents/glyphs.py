"""Signs that none of our fonts can draw. A PDF/A draws every sign or is none, so these go before the page is set: an emoji leaves
nothing, a letter of another script a question mark (as in FatturaPA), and the document exists. PURE.
"""

import re
import unicodedata
from typing import Any

UNKNOWN = "?"
UNSEEN = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
"""What turns the direction of a text round: a name must not rewrite the line that it stands in."""

_REFUSED = re.compile(r'the text `"(?P<text>.+?)"` could not be displayed')
_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")


def refused(said: str) -> frozenset[str]:
    """The signs that a complaint of typst is about; none where it is about something else."""
    found = _REFUSED.search(said)
    return frozenset(_ESCAPED.sub(lambda code: chr(int(code[1], 16)), found["text"])) if found else frozenset()


def without(sheet: Any, signs: frozenset[str]) -> Any:
    """The same texts and lists without these signs, and without those that fonts for Western pages never have: wide ones
    (Chinese, Japanese, Korean, emoji) and control codes."""
    if isinstance(sheet, str):
        return _plain(sheet, signs)
    if isinstance(sheet, dict):
        return {name: without(value, signs) for name, value in sheet.items()}
    if isinstance(sheet, list | tuple):
        return [without(value, signs) for value in sheet]
    return sheet


def _plain(text: str, signs: frozenset[str]) -> str:
    if not any(_is_out(sign, signs) for sign in text):
        return text
    kept = "".join((UNKNOWN if sign.isalpha() else "") if _is_out(sign, signs) else sign for sign in text)
    return re.sub(r" {2,}", " ", kept).strip()


def _is_out(sign: str, signs: frozenset[str]) -> bool:
    return sign in signs or unicodedata.east_asian_width(sign) in "WF" or unicodedata.category(sign) in _NEVER


_NEVER = frozenset({"Cc", "Cs", "Co", "Cn"})
