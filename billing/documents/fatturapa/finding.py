"""What is wrong with a file, and the words of FatturaPA that several checks know."""

from dataclasses import dataclass
from decimal import Decimal

SCHEMA = "00200"
UNKNOWN, ABROAD = "0000000", "XXXXXXX"
TO_SPLIT = "S"
INTENT = "INTENTO"
CENT, EURO = Decimal("0.01"), Decimal(1)


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` of the SdI, or a word of ours where the SdI does not look but the law does. `value` is what stands there."""

    code: str
    where: str
    value: str = ""
