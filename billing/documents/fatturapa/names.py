"""Names of files: IT01234567890_00001.xml, unique per transmitter for ever."""

import re
from dataclasses import dataclass

_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PLACES = 5
MOST = len(_SIGNS) ** PLACES - 1

_NAME = re.compile(r"(?P<name>[A-Z]{2}[A-Za-z0-9]{2,28}_[A-Za-z0-9]{1,5})(\.xml)?(\.p7m)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FileName:
    """`transmitter` is the country and the fiscal id."""

    transmitter: str
    count: int

    @property
    def progressive(self) -> str:
        return progressive(self.count)

    def __str__(self) -> str:
        return f"{self.transmitter}_{self.progressive}.xml"


def progressive(count: int) -> str:
    """00001 … 0000Z, 00010: letters and digits, 60 million files. OverflowError after that."""
    if not 0 < count <= MOST:
        raise OverflowError(f"no name for file {count}")
    signs = ""
    for _ in range(PLACES):
        count, place = divmod(count, len(_SIGNS))
        signs = _SIGNS[place] + signs
    return signs


def counted(typed: str) -> int:
    """The other way round: 00010 is 36. ValueError for what is no progressive."""
    plain = typed.strip().upper()
    if not re.fullmatch(rf"[0-9A-Z]{{1,{PLACES}}}", plain):
        raise ValueError(typed)
    return int(plain, len(_SIGNS))


def count_of(name: str) -> int:
    """Of a file of ours: IT01234567890_00010.xml is the 36th."""
    return counted(name.rpartition("_")[2].removesuffix(".xml"))


def unsigned(name: str) -> str:
    """The name of the file that was handed over, whatever the signature added to it; "" for no name of an invoice's file."""
    found = _NAME.fullmatch(name.strip())
    return f"{found['name'].upper()}.xml" if found else ""
