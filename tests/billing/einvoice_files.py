"""Reading e-invoices as the tests do: by the official schema, and by elements."""

from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

Content = tuple[str, str, list[Any]]


FOLDER = Path(__file__).parents[1] / "data/fatturapa"


class _Beside(etree.Resolver):
    """What the schema imports from the network lies beside it."""

    def resolve(self, url: str, pubid: str | None, context: Any) -> Any:
        if url.endswith("xmldsig-core-schema.xsd"):
            return self.resolve_filename(str(FOLDER / "xmldsig-core-schema.xsd"), context)
        return None


@cache
def schema() -> etree.XMLSchema:
    """The official one, 1.2.3: FPR12 and FPA12."""
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Beside())
    return etree.XMLSchema(etree.parse(FOLDER / "FatturaPA_v1.2.3.xsd", parser))


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
