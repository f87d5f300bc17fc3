"""What the Sistema di Interscambio would refuse, found before a file is handed over.

The codes are its own (Elenco controlli of the technical specifications 1.9); 00200 stands for what the schema says, words for what
only the law looks at (`check_ours`). `where` is the path of the element, so that the reader can be told where to fill it in.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

from . import check_contents, check_ours, check_parties, header, read, shape
from .body import Body, Invoice
from .finding import SCHEMA, Finding

MOST_BYTES = 5_000_000


def of(xml: bytes, *, today: date) -> list[Finding]:
    """Everything wrong with a file, the schema's first; [] for a good one."""
    try:
        found = read.invoice(xml)
    except read.Unreadable as broken:
        return [Finding(SCHEMA, str(broken))]
    findings = [Finding("00003", "FatturaElettronica", str(len(xml)))] if len(xml) > MOST_BYTES else []
    if (version := read.version(xml)) != found.header.transmission.format:
        findings.append(Finding("00428", "FatturaElettronica/versione", version))
    return findings + of_document(found, today=today)


def of_document(invoice: Invoice, *, today: date) -> list[Finding]:
    findings = list(_shape(invoice, "FatturaElettronica"))
    findings += [finding for check in _HEADER for finding in check(invoice)]
    for body in invoice.bodies:
        findings += [finding for check in _BODY for finding in check(body)]
        if body.general.document.on > today:
            findings.append(Finding("00403", "DatiGeneraliDocumento/Data", body.general.document.on.isoformat()))
    return findings + list(_twice(invoice))


def _twice(invoice: Invoice) -> Iterator[Finding]:
    documents = [body.general.document for body in invoice.bodies]
    for (_year, number), times in Counter((document.on.year, document.number) for document in documents).items():
        if times > 1:
            yield Finding("00409", "DatiGeneraliDocumento/Numero", number)


# ---- the schema -----------------------------------------------------------------------------------------------------


def _shape(record: Any, path: str) -> Iterator[Finding]:
    """Missing elements, and texts that do not fit their type."""
    there = {part.name for part, _ in shape.given(record)}
    for part in shape.parts(type(record)):
        if part.needed and part.name not in there:
            yield Finding(SCHEMA, f"{path}/{part.tag}")
    for part, value in shape.given(record):
        below = f"{path}/{part.tag}"
        if part.node:
            yield from _shape(value, below)
        elif not shape.fits(part, value):
            yield Finding(SCHEMA, below, part.write(value))
    if isinstance(record, header.Name) and not (record.company or (record.first and record.last)):
        yield Finding(SCHEMA, f"{path}/Denominazione")


_HEADER: tuple[Callable[[Invoice], Iterable[Finding]], ...] = (check_parties.recipient, check_parties.identities)
_BODY: tuple[Callable[[Body], Iterable[Finding]], ...] = (
    check_contents.document,
    check_contents.withheld,
    check_contents.discounts,
    check_contents.naturas,
    check_contents.lines,
    check_contents.summaries,
    check_ours.total,
    check_ours.stamp_duty,
    check_ours.letter_of_intent,
)
