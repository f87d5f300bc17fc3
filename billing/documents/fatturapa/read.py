"""From a file to the dataclasses. What the schema does not know is refused by name; a signature is passed over."""

from collections.abc import Iterable
from decimal import InvalidOperation
from typing import Any
from xml.etree import ElementTree as ET

from defusedxml import ElementTree as Safe
from defusedxml.common import DefusedXmlException

from . import shape
from .body import Invoice
from .write import NAMESPACE

_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"


class Unreadable(ValueError):
    """Not a FatturaPA file, or not all of one; the message says where."""


def invoice(data: bytes) -> Invoice:
    root = tree(data)
    if root.tag != f"{{{NAMESPACE}}}FatturaElettronica":
        raise Unreadable(f"the root is {root.tag}")
    found: Invoice = _record(root, Invoice, "FatturaElettronica")
    return found


def version(data: bytes) -> str:
    """The attribute of the root, which must be the FormatoTrasmissione."""
    return tree(data).get("versione", "")


def tree(data: bytes) -> ET.Element:
    """Without entities, external or internal: the file may come from anybody. Raises Unreadable."""
    try:
        root: ET.Element = Safe.fromstring(data, forbid_dtd=True)
    except (ET.ParseError, DefusedXmlException, LookupError, ValueError) as broken:
        raise Unreadable(f"no XML: {broken}") from broken
    return root


def _record(element: ET.Element, of: type[Any], path: str) -> Any:
    by_tag = {part.tag: part for part in shape.parts(of)}
    found: dict[str, list[Any]] = {}
    for child in element:
        if child.tag == _SIGNATURE or not isinstance(child.tag, str):
            continue
        part = by_tag.get(child.tag)
        if part is None:
            raise Unreadable(f"{path}/{child.tag} is unknown")
        found.setdefault(part.name, []).append(_value(child, part, f"{path}/{part.tag}"))
    _complete(found, by_tag.values(), path)
    return of(**{part.name: _one_or_all(part, found[part.name]) for part in by_tag.values() if part.name in found})


def _value(element: ET.Element, part: shape.Part, path: str) -> Any:
    if part.node:
        return _record(element, part.node, path)
    try:
        return part.read((element.text or "").strip())
    except (ValueError, InvalidOperation) as wrong:
        raise Unreadable(f"{path}: {element.text!r}") from wrong


def _complete(found: dict[str, list[Any]], parts: Iterable[shape.Part], path: str) -> None:
    for part in parts:
        if part.needed and part.name not in found:
            raise Unreadable(f"{path}/{part.tag} is missing")
        if not part.many and len(found.get(part.name, ())) > 1:
            raise Unreadable(f"{path}/{part.tag} is there twice")


def _one_or_all(part: shape.Part, values: list[Any]) -> Any:
    return tuple(values) if part.many else values[0]
