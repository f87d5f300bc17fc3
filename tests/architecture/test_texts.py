"""Every sentence speaks Italian: marked, collected, translated, compiled. Needs no gettext tools."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation.template import templatize

ROOT = Path(__file__).parents[2]
ROOMS = ("accounts", "billing", "cms", "sessions_app", "stations")
CATALOGUE = ROOT / "locale/it/LC_MESSAGES/django.po"
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*") if path.suffix in {".html", ".txt"})
BILINGUAL = {"500.html", "offline.html"}  # say it twice by themselves: nothing may be needed to show them

# names, units and file types: the same in every language
NAMES = {
    "Colonnina",
    "English",
    "Italiano",
    "OCPP",
    "PDF",
    "XML",
    "SHA",
    "SDI",
    "Factur",
    "X",
    "Apple",
    "Google",
    "Pay",
    "A",
    "C",
    "V",
    "kW",
    "kWh",
    "ms",
    "https",
}
UNSEEN = re.compile(
    "|".join(
        (
            r"\{% block (?:style|\w+_class|\w+_url) %\}.*?\{% endblock %\}",
            r"\{% comment %\}.*?\{% endcomment %\}",
            r"\{% blocktranslate.*?\{% endblocktranslate %\}",
            r"\{%.*?%\}",
            r"\{\{.*?\}\}",
            r"<(script|style)\b.*?</\1>",
            r"&\w+;",
        )
    ),
    re.DOTALL,
)
READ_ALOUD = re.compile(r'\b(?:aria-label|title|placeholder|alt)="([^"]*)"')
MARKUP = re.compile(r"<[^>]*>", re.DOTALL)

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|</?\w[^>]*>|&\w+;")
LITERAL = r"""u?(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
MARKED = re.compile(rf"\b(_|\w*gettext)\(({LITERAL}(?:\s*,\s*{LITERAL})*)")
Key = tuple[str | None, str]


def entries() -> Iterator[dict[str, str]]:
    """The catalogue's entries: {"msgctxt": …, "msgid": …, "msgstr": …, "flags": …}."""
    for block in CATALOGUE.read_text(encoding="utf-8").split("\n\n"):
        entry, word = {"flags": ""}, ""
        for line in block.splitlines():
            if line.startswith("#,"):
                entry["flags"] += line
            elif line and not line.startswith("#"):
                first, _space, rest = line.partition(" ")
                word, text = (word, line) if line.startswith('"') else (first, rest)
                entry[word] = entry.get(word, "") + ast.literal_eval(text)
        if entry.get("msgid"):
            yield entry


def translations(entry: dict[str, str]) -> list[str]:
    return [text for word, text in entry.items() if word.startswith("msgstr")]


def key(function: str, arguments: list[str]) -> Key:
    return (arguments[0], arguments[1]) if function.startswith(("pgettext", "npgettext")) else (None, arguments[0])


def marked_in_code(path: Path) -> Iterator[Key]:
    """What gettext is asked for by literals, under whatever name it was imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {"gettext_noop": "gettext_noop"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            names |= {found.asname or found.name: found.name for found in node.names if "gettext" in found.name}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            literals = [
                part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)
            ]
            if literals:
                yield key(names[node.func.id], literals)


def marked_in_template(path: Path) -> Iterator[Key]:
    for function, arguments in MARKED.findall(templatize(path.read_text(encoding="utf-8"))):
        yield key(function, [ast.literal_eval(text) for text in re.findall(LITERAL, arguments)])


def words(path: Path) -> set[str]:
    """What a reader sees or hears of a template that no gettext has touched."""
    rest = UNSEEN.sub(" ", path.read_text(encoding="utf-8"))
    return set(re.findall(r"[^\W\d_]+", " ".join([MARKUP.sub(" ", rest), *READ_ALOUD.findall(rest)])))


def test_templates_say_nothing_untranslated() -> None:
    pages = [path for path in TEMPLATES if path.suffix == ".html" and path.name not in BILINGUAL]
    spoken = {str(path.relative_to(ROOT)): words(path) - NAMES for path in pages}
    assert {path: found for path, found in spoken.items() if found} == {}


def test_every_marked_sentence_is_in_the_catalogue() -> None:
    known = {(entry.get("msgctxt"), entry["msgid"]) for entry in entries()}
    code = (path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts)
    marked = {found for path in code for found in marked_in_code(path)}
    marked |= {found for path in TEMPLATES for found in marked_in_template(path)}
    assert marked - known == set(), "run `make messages` and translate"
    assert known - marked == set(), "run `make messages`: nobody says this any more"


def test_every_sentence_is_translated() -> None:
    unsaid = [entry["msgid"] for entry in entries() if not all(translations(entry)) or "fuzzy" in entry["flags"]]
    assert unsaid == []


def test_translations_keep_what_is_filled_in() -> None:
    """Placeholders, tags and entities; those of a plural entry may be of its "one" or of its "many"."""
    for entry in entries():
        wanted = [sorted(PLACEHOLDER.findall(entry[word])) for word in ("msgid", "msgid_plural") if word in entry]
        for text in translations(entry):
            assert sorted(PLACEHOLDER.findall(text)) in wanted, entry["msgid"]


def test_the_compiled_catalogue_is_in_step() -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for entry in entries():
        context, one, many = entry.get("msgctxt"), entry["msgid"], entry.get("msgid_plural")
        if many:
            said = [compiled.ngettext(one, many, n) for n in (1, 2)]
        else:
            said = [compiled.pgettext(context, one) if context else compiled.gettext(one)]
        assert said == translations(entry), "run `make messages`"
