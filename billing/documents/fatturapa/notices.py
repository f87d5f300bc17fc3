"""What the Sistema di Interscambio answers: one XML per message, and what each means for the invoice.

Names follow FILE_KIND_NNN.xml (IT01234567890_00001_RC_001.xml), but the kind is read from the root: files get renamed. Lenient
about everything else: namespaces, order and elements of later versions do not matter.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from . import names, read

DELIVERED, NOT_DELIVERED, REFUSED, OUTCOME, LAPSED, ATTESTED = "RC", "MC", "NS", "NE", "DT", "AT"
ACCEPTED_BY_BUYER, DECLINED_BY_BUYER = "EC01", "EC02"

_ROOTS: Mapping[str, str] = {
    "RicevutaConsegna": DELIVERED,
    "NotificaMancataConsegna": NOT_DELIVERED,
    "RicevutaImpossibilitaRecapito": NOT_DELIVERED,  # what MC is called between companies
    "NotificaScarto": REFUSED,
    "RicevutaScarto": REFUSED,
    "NotificaEsito": OUTCOME,
    "NotificaDecorrenzaTermini": LAPSED,
    "AttestazioneTrasmissioneFattura": ATTESTED,
}


class NotForUs(ValueError):
    """A message of the SdI, but none about an invoice that was sent (a received invoice's, or the customer's own answer)."""


@dataclass(frozen=True, slots=True)
class Notice:
    """`file_name` is the invoice's, without what a signature adds; `errors` (code, text) of a refusal; `at` as written."""

    kind: str
    sdi_id: str
    file_name: str
    outcome: str = ""
    errors: tuple[tuple[str, str], ...] = ()
    recipient: str = ""
    note: str = ""
    at: str = ""


def notice(data: bytes) -> Notice:
    """Raises read.Unreadable, NotForUs."""
    root = read.tree(data)
    kind = _ROOTS.get(_local(root))
    if kind is None:
        raise NotForUs(_local(root))
    file_name = names.unsigned(_text(root, "NomeFile"))
    if not file_name:
        raise read.Unreadable("NomeFile is missing")
    outcome = _text(root, "Esito")
    if kind == OUTCOME and outcome not in _ANSWERS:  # neither accepted nor declined: nothing is assumed
        raise read.Unreadable(f"Esito is {outcome!r}")
    return Notice(
        kind=kind,
        sdi_id=_text(root, "IdentificativoSdI"),
        file_name=file_name,
        outcome=outcome,
        errors=tuple((_text(error, "Codice"), _text(error, "Descrizione")) for error in _all(root, "Errore")),
        recipient=" ".join(_text(place, "Descrizione") for place in _all(root, "Destinatario")),
        note=_text(root, "Note") or (_text(root, "Descrizione") if kind != REFUSED else ""),
        at=_text(root, "DataOraConsegna") or _text(root, "DataOraRicezione"),
    )


def state(told: Iterable[tuple[str, str]]) -> str | None:
    """What (kind, outcome) of all messages together say, whatever the order they came in. None: nothing was told yet."""
    kinds = {_MEANING[kind] if kind != OUTCOME else _ANSWERS.get(outcome) for kind, outcome in told}
    return next((name for name in _STRONGEST_FIRST if name in kinds), None)


_MEANING = {
    DELIVERED: "delivered",
    NOT_DELIVERED: "undelivered",
    REFUSED: "refused",
    LAPSED: "lapsed",
    ATTESTED: "attested",
}
_ANSWERS = {ACCEPTED_BY_BUYER: "accepted", DECLINED_BY_BUYER: "declined"}
_STRONGEST_FIRST = ("refused", "declined", "accepted", "lapsed", "attested", "delivered", "undelivered")


def _local(element: ET.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _all(root: ET.Element, tag: str) -> list[ET.Element]:
    return [element for element in root.iter() if _local(element) == tag]


def _text(root: ET.Element, tag: str) -> str:
    """Of the first such element, wherever it stands; "" for none."""
    return next(((element.text or "").strip() for element in _all(root, tag)), "")
