"""Reading e-invoices as the tests do: by the schema where it is at hand, and by elements."""

from pathlib import Path
from typing import Any

from lxml import etree

Content = tuple[str, str, list[Any]]


def schema(reference_data: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(reference_data / "fatturapa/xsd/FatturaPA_v1.2.2_local.xsd"))


def content(xml: bytes) -> Content:
    """Names, texts and order; without signature, prefixes and blanks between elements."""
    return _content(etree.fromstring(xml))


def _content(element: Any) -> Content:
    children = [child for child in element if isinstance(child.tag, str) and "xmldsig" not in child.tag]
    text = "" if children else (element.text or "").strip()
    return etree.QName(element).localname, text, [_content(child) for child in children]


def texts(xml: bytes, path: str) -> list[str]:
    """All texts at the end of `path`, e.g. "DatiRiepilogo/Imposta"."""
    return [element.text or "" for element in etree.fromstring(xml).iterfind(f".//{path}")]


def text(xml: bytes, path: str) -> str:
    [only] = texts(xml, path)
    return only
