"""From the dataclasses to the file."""

from typing import Any
from xml.etree import ElementTree as ET

from . import shape
from .body import Invoice

INDENTED = 1000
NAMESPACE = "http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2"


def xml(invoice: Invoice) -> bytes:
    """UTF-8, indented: people open these files, but for those that would outgrow what the SdI takes. Only the root carries the
    namespace, as the schema wants it."""
    root = ET.Element("p:FatturaElettronica", {"xmlns:p": NAMESPACE, "versione": invoice.header.transmission.format})
    _fill(root, invoice)
    if sum(len(body.goods.lines) for body in invoice.bodies) <= INDENTED:
        ET.indent(root)
    text: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return text + b"\n"


def _fill(parent: ET.Element, record: Any) -> None:
    for part, value in shape.given(record):
        child = ET.SubElement(parent, part.tag)
        if part.node:
            _fill(child, value)
        else:
            child.text = part.write(value)
