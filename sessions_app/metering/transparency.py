"""Signed records as the S.A.F.E. transparency software opens them: one <values> file with a <value> per record."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from .signed import BEGIN, OCMF_FORMAT, Checked

HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML 1.0 cannot carry


class Value(NamedTuple):
    """A record with the key to check it with, "" where nobody knows it."""

    checked: Checked
    key: str


def document(values: Iterable[Value], *, transaction: int) -> str:
    """`transaction` is one number for all: the software takes the difference of begin and end of the same one."""
    return f"{HEAD}<values>\n{''.join(_value(value, transaction) for value in values)}</values>\n"


def context_of(checked: Checked) -> str:
    """A record that holds both begin and end counts as the end (OCA "Signed meter values in OCPP")."""
    kinds = {reading.kind for reading in checked.readings}
    return "Transaction.Begin" if kinds == {BEGIN} else "Transaction.End"


def _value(value: Value, transaction: int) -> str:
    record = value.checked.record
    form = record.encoding or OCMF_FORMAT
    key = f"<publicKey encoding={quoteattr(_encoding(value.key))}>{escape(value.key)}</publicKey>" if value.key else ""
    return (
        f'<value transactionId="{transaction}" context="{context_of(value.checked)}">'
        f'<signedData format={quoteattr(form)} encoding="plain">{escape(_UNPRINTABLE.sub("", record.text))}</signedData>'
        f"{key}</value>\n"
    )


def _encoding(key: str) -> str:
    return "hex" if re.fullmatch(r"[0-9A-Fa-f]+", key) else "base64"
