"""Whatever people and places are called, their documents can be drawn: a PDF/A refuses signs that no font has."""

import io
from datetime import UTC, datetime
from typing import Any

import pypdfium2
import pytest

from billing.documents import glyphs, pdf

AT = datetime(2026, 6, 16, 10, tzinfo=UTC)


def sheet(name: str) -> dict[str, Any]:
    return {
        "language": "it", "brand": "Rete", "title": "Fattura", "number": "n. 1/2026", "subtitle": "16 giu 2026", "seller": {"label": "F", "name": name, "lines": []},
        "columns": ["a", "b", "c", "d"], "groups": [{"rows": [[name, "", "1", "1", "1"]]}], "terms": "", "vat_columns": [], "vat_rows": [], "total": ["t", "1"],
        "payment": ["", ""], "notes": [], "rounding": ["", ""], "help": "", "page": "{page}/{pages}",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("Łódź – Čakovec ⚡ Αθήνα Москва", "Łódź – Čakovec ⚡ Αθήνα Москва"),
        ("Garage 😀🚗 Nord", "Garage Nord"),
        ("充電 株式会社", "?? ????"),
        ("ร้าน Roma", "? Roma"),
        ("bell\x07", "bell"),
        ("Rossi\u202eevil", "Rossievil"),
        ("👨‍👩‍👧", ""),
    ],
)
def test_a_name_of_any_script_has_a_page(name: str, drawn: str) -> None:
    document = pypdfium2.PdfDocument(io.BytesIO(pdf.render(sheet(name), AT)))
    text = document[0].get_textpage().get_text_range()
    document.close()
    assert drawn in text
    assert "😀" not in text


def test_a_complaint_names_its_signs() -> None:
    assert glyphs.refused('PDF/A-3b error: the text `"充"` could not be displayed with font `"X"`') == {"充"}
    assert glyphs.refused('the text `"\\u{7}"` could not be displayed') == {"\x07"}
    assert glyphs.refused("unknown variable: foo") == frozenset()


def test_a_document_can_be_read_aloud() -> None:
    """PDF/A-3b for the archive, PDF/UA-1 for screen readers: typst refuses to write what breaks either."""
    page = pdf.render(sheet("Rossi"), AT)
    for said in (b"<pdfuaid:part>1<", b"<pdfaid:part>3<", b"/Lang(it)", b"/Marked true", b"/DisplayDocTitle true"):
        assert said in page
