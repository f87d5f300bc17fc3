"""What the documents point at is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PATH = re.compile(r"`((?:accounts|billing|cms|docs|sessions_app|static|stations|templates|tests)/[\w./-]*)`")
VARIABLE = re.compile(r"""\benv\.\w+\(\s*"([A-Z_]+)\"""")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_only_files_that_exist(page: Path) -> None:
    text = page.read_text()
    named = [ROOT / path for path in PATH.findall(text)] + [page.parent / link for link in LINK.findall(text)]

    assert [str(path) for path in named if not path.exists()] == []


def test_every_variable_of_the_environment_is_explained() -> None:
    read = {name for file in (ROOT / "cms" / "settings").glob("*.py") for name in VARIABLE.findall(file.read_text())}

    assert "DATABASE_URL" in read
    assert sorted(name for name in read if not re.search(rf"\b{name}\b", PAGES[0].read_text())) == []


def test_decisions_are_numbered_in_one_way() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))

    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    assert [page.name for page in pages if not page.read_text().startswith(f"# {page.name[:4]} · ")] == []
