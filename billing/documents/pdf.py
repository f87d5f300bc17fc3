"""Pages as PDF/A: typst, its fonts from packages, nothing from the machine. About 50 ms a page."""

import json
from datetime import datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from billing.models import CDR, Invoice

from . import glyphs, invoice_sheet, sheets

_TEMPLATE = Path(__file__).with_name("sheet.typ")


def receipt(cdr: CDR, language: str) -> bytes:
    """The unnumbered receipt of one charge, in the reader's language. Always available."""
    return render(sheets.receipt(cdr, language), cdr.created_at)


def invoice(document: Invoice) -> bytes:
    """An invoice or credit note, in the language it was issued in."""
    return render(invoice_sheet.invoice(document), document.created_at)


def render(sheet: sheets.Sheet, at: datetime) -> bytes:
    """`at` becomes the document's date, so that the same sheet is the same file. Whatever people are called, there is a page."""
    from typst import TypstError

    undrawn: frozenset[str] = frozenset()
    while True:
        try:
            return _set(sheet, at)
        except TypstError as refused:
            more = glyphs.refused(str(refused))
            if not more - undrawn:  # about something else
                raise
            undrawn |= more
            sheet = glyphs.without(sheet, undrawn)


def _set(sheet: sheets.Sheet, at: datetime) -> bytes:
    import typst  # 80 MB: not in every process

    page: bytes = typst.compile(
        str(_TEMPLATE),
        root=str(_TEMPLATE.parent),
        font_paths=_fonts(),
        sys_inputs={"sheet": json.dumps(sheet, ensure_ascii=False).translate(glyphs.UNSEEN)},
        format="pdf",
        pdf_standards=["a-3b", "ua-1"],
        timestamp=int(at.timestamp()),
    )
    return page


@cache
def _fonts() -> Any:
    """Source Sans Pro from its package (OFL), with the serif that typst carries behind it."""
    import typst

    spec = find_spec("font_source_sans_pro")
    if spec is None or spec.origin is None:  # the page is still readable
        return typst.Fonts(include_system_fonts=False)
    return typst.Fonts(include_system_fonts=False, font_paths=[str(Path(spec.origin).parent / "files")])
