"""A plain letter in its Sunday clothes: the blocks of a mail's text, so that one text makes both its parts.

A paragraph is what stands between empty lines. `Words: https://…` alone becomes a button, an indented word a code.
"""

import re
from dataclasses import dataclass

_BUTTON = re.compile(r"\A(?P<words>[^\n]{1,80}): (?P<url>https?://\S+)\Z")
_CODE = re.compile(r"\A {4}(?P<code>\S{4,40})\Z")


@dataclass(frozen=True, slots=True)
class Block:
    """`kind`: paragraph, button (with `url`) or code."""

    kind: str
    text: str
    url: str = ""


def blocks(body: str) -> list[Block]:
    return [_block(part.strip("\n")) for part in re.split(r"\n\s*\n", body.strip("\n")) if part.strip()]


def _block(part: str) -> Block:
    if button := _BUTTON.match(part):
        return Block("button", button["words"], button["url"])
    if code := _CODE.match(part):
        return Block("code", code["code"])
    return Block("paragraph", part)
