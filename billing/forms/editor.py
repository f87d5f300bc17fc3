"""The tariff editor: what is typed becomes the terms of a version, and a version becomes what one may type over.

Two modes of one thing: `simple` for the tariff that most operators have (tariffs.plain), `full` for every element with every
restriction. What is typed is kept as it is, half a price included, so that a draft loses nothing.
"""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext

from billing.forms import elements as rows
from billing.forms import starts
from billing.forms.elements import ElementForm, Typed
from billing.forms.simple import HeadForm, SimpleForm
from billing.forms.starts import Start
from billing.models import TariffVersion
from billing.services.prices import tariffs
from billing.tariffs import parsing, plain

SIMPLE, FULL = "simple", "full"
NAMES = ("name", "currency", "tax_included", "min_price", "max_price", "mode")


class ExactDecoder(json.JSONDecoder):
    """0.49 is a Decimal: no float touches money."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{**given, "parse_float": Decimal})


class Editor:
    """`typed` is the whole state. With `checked` the forms know their errors; `terms()` of a valid editor is what
    services.tariffs takes. `element_forms` is empty in simple mode."""

    def __init__(self, typed: Mapping[str, list[str]], *, checked: bool = False) -> None:
        self.typed: Typed = {name: list(values) for name, values in typed.items()}
        self.checked = checked
        self.mode = FULL if self._one("mode") == FULL else SIMPLE
        self.rows = [row for row in dict.fromkeys(self.typed.get("rows", [])) if _is_row(row)][: tariffs.MOST_ELEMENTS]
        self.head = self._form(HeadForm)
        self.simple = self._form(SimpleForm)
        self.element_forms = [self._form(ElementForm, f"e{row}") for row in self.rows] if self.mode == FULL else []

    @classmethod
    def of(cls, version: TariffVersion, name: str, *, mode: str = "") -> "Editor":
        """Filled with a version; in simple mode where that can say it all and nobody asked for more."""
        given = _said(plain.read(parsing.loads(version.elements)), parsing.loads(version.elements), mode)
        head = {
            "name": name,
            "currency": version.currency,
            "tax_included": "on" if version.tax_included else "",
            "min_price": version.min_price,
            "max_price": version.max_price,
        }
        return cls({**given, **_texts(head)})

    @classmethod
    def begun(cls, start: Start | None, *, currency: str) -> "Editor":
        """A new tariff: empty but for VAT, or filled with one of `starts.STARTS`."""
        head = _texts({"currency": currency, "tax_included": "on", "name": ""})
        if start and start.expert:
            return cls({**_said(None, parsing.loads(start.expert), FULL), **head})
        simple = {**starts.BASE, **(start.initial if start else {})}
        return cls({**_texts({name: simple.get(name) for name in plain.NAMES}), "mode": [SIMPLE], **head})

    def is_valid(self) -> bool:
        valid = [form.is_valid() for form in (self.head, *self._prices())]  # every form says what it has against it
        if self.mode == FULL and not self.element_forms:
            self.head.add_error(None, gettext("A tariff needs at least one element."))
            return False
        return all(valid)

    def _prices(self) -> list[Any]:
        return self.element_forms if self.mode == FULL else [self.simple]

    def terms(self) -> dict[str, Any]:
        given = self.head.cleaned_data
        elements = [form.element() for form in self.element_forms] if self.mode == FULL else self.simple.elements()
        limits = {name: given[name] for name in ("currency", "tax_included", "min_price", "max_price")}
        return {"elements": elements, **limits}

    def version(self) -> TariffVersion | None:
        """The typed tariff as a version that nobody has saved; None, with errors beside the fields, where it is none yet."""
        return self.price() if self.is_valid() else None

    def price(self) -> TariffVersion | None:
        """The same for a tariff that may still lack its name."""
        if not self.is_valid() and (set(self.head.errors) - {"name"} or any(form.errors for form in self._prices())):
            return None
        terms = self.terms()
        try:
            parsing.tariff(**terms)
        except parsing.Wrong as wrong:
            self.place(wrong.errors)
            return None
        return TariffVersion(**{**terms, "elements": tariffs.dumps(terms["elements"])})

    def place(self, errors: Iterable[tuple[str, str]]) -> None:
        """The parser's paths beside the fields that they are about."""
        for path, sentence in errors:
            first, *rest = path.split(".")
            if first.isdigit() and rest and self.mode == FULL and int(first) < len(self.element_forms):
                self.element_forms[int(first)].place(rest, gettext(sentence))
            elif first in self.head.fields:
                self.head.add_error(first, gettext(sentence))
            else:
                self.head.add_error(None, gettext(sentence))

    def problems(self) -> list[tuple[str, str, str]]:
        """(id of the field, its name, what is wrong), in the order of the page; for the summary."""
        found: list[tuple[str, str, str]] = []
        for place, form in enumerate([self.head, *self._prices()]):
            where = gettext("Element %(n)s") % {"n": place} + ": " if place and self.mode == FULL else ""
            for name, texts in form.errors.items():
                label = "" if name == NON_FIELD_ERRORS else str(form[name].label)
                target = "" if name == NON_FIELD_ERRORS else form[name].id_for_label or form[name].auto_id
                found += [(str(target), where + label, str(text)) for text in texts]
        return found

    # ---- rows --------------------------------------------------------------------------------------------------------

    def after(self, action: str) -> "Editor":
        """The editor after a button: add, full, simple, read (OCPI elements), up-3, down-3, drop-3. Unknown ones change nothing."""
        verb, _dash, row = action.partition("-")
        act = {"add": self._add, "full": self._full, "simple": self._simple, "read": self._read}.get(verb)
        if act is not None:
            return Editor(act())
        return Editor({**self.typed, "rows": moved(self.rows, row, verb)}, checked=self.checked)

    def _add(self) -> Typed:
        number = str(max((int(row) for row in self.rows), default=-1) + 1)
        vat = next((self._one(f"e{row}-energy_vat") for row in self.rows if self._one(f"e{row}-energy_vat")), "22")
        fresh = {f"e{number}-{kind.name}_vat": [vat] for kind in rows.KINDS}
        kept = {name: values for name, values in self.typed.items() if not name.startswith(f"e{number}-")}
        return {**kept, **fresh, "rows": [*self.rows, number]}

    def _full(self) -> Typed:
        bound = Editor(self.typed, checked=True)
        listed = bound.simple.elements() if bound.simple.is_valid() else []
        return {**self._head(), **_rows(listed), "mode": [FULL]} if listed else {**self.typed, "mode": [FULL]}

    def _simple(self) -> Typed:
        """Only where the simple fields can say all of it."""
        bound = Editor(self.typed, checked=True)
        whole = bool(bound.element_forms) and all(form.is_valid() for form in bound.element_forms)
        found = plain.read([form.element() for form in bound.element_forms]) if whole else None
        if found is None:
            return self.typed
        return {**self._head(), **_texts({name: getattr(found, name) for name in plain.NAMES}), "mode": [SIMPLE]}

    def _read(self) -> Typed:
        return (
            {**self._head(), **_rows(self._pasted()), "mode": [FULL]}
            if self.ocpi and not self.ocpi_error
            else self.typed
        )

    def _pasted(self) -> list[Any]:
        """Raises ValueError (parsing.Wrong is one) and what JSON and `rows.typed` raise."""
        listed: list[Any] = json.loads(self.ocpi, cls=ExactDecoder)
        parsing.tariff(listed)
        if len(listed) > tariffs.MOST_ELEMENTS:
            raise ValueError(gettext("At most %(n)s elements are possible.") % {"n": tariffs.MOST_ELEMENTS})
        _rows(listed)
        return listed

    @property
    def ocpi(self) -> str:
        """What was pasted and could not be read yet."""
        return self._one("ocpi")

    @property
    def ocpi_error(self) -> str:
        if not self.ocpi.strip():
            return ""
        try:
            self._pasted()
        except parsing.Wrong as wrong:
            return " ".join(f"{path}: {gettext(sentence)}" for path, sentence in wrong.errors[:3])
        except json.JSONDecodeError as wrong:
            return gettext("This is not JSON: line %(line)s, column %(column)s.") % {"line": wrong.lineno, "column": wrong.colno}  # fmt: skip
        except ValueError as wrong:
            return str(wrong)
        except (KeyError, TypeError, RecursionError):
            return gettext("These are no elements that the fields can show.")
        return ""

    def can_be_simple(self) -> bool:
        return "mode" in self._simple() and self._simple()["mode"] == [SIMPLE]

    def _head(self) -> Typed:
        return {name: values for name, values in self.typed.items() if name in NAMES}

    def _one(self, name: str) -> str:
        return (self.typed.get(name) or [""])[-1]

    def _form(self, form: type[Any], prefix: str | None = None) -> Any:
        data = MultiValueDict(self.typed)
        if self.checked:
            return form(data, prefix=prefix)
        start = f"{prefix}-" if prefix else ""
        initial = {
            name.removeprefix(start): values if name.endswith("-days") else values[-1]
            for name, values in self.typed.items()
            if name.startswith(start) and values
        }
        return form(initial=initial, prefix=prefix)


def kept(posted: Mapping[str, Any]) -> Typed:
    """Of a posted page what belongs to the draft: neither the simulator's fields nor the page's own."""
    listed = posted.lists() if hasattr(posted, "lists") else posted.items()
    return {
        name: [str(value).replace("\x00", "")[:200_000] for value in values]
        for name, values in listed
        if not name.startswith(("sim-", "csrf")) and name not in ("do", "of")
    }


def _is_row(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 7


def moved(order: list[str], row: str, verb: str) -> list[str]:
    if row not in order:
        return order
    at = order.index(row)
    rest = order[:at] + order[at + 1 :]
    if verb == "drop":
        return rest
    to = {"up": at - 1, "down": at + 1}.get(verb, at)
    return [*rest[: max(0, to)], row, *rest[max(0, to) :]]


def _said(simple: plain.Plain | None, elements: list[Mapping[str, Any]], mode: str) -> Typed:
    if simple is not None and mode != FULL:
        return {**_texts({name: getattr(simple, name) for name in plain.NAMES}), "mode": [SIMPLE]}
    return {**_rows(elements), "mode": [FULL]}


def _rows(elements: Iterable[Mapping[str, Any]]) -> Typed:
    found: Typed = {"rows": []}
    for number, element in enumerate(elements):
        found["rows"].append(str(number))
        found |= {f"e{number}-{name}": values for name, values in rows.typed(element).items()}
    return found


def _texts(given: Mapping[str, Any]) -> Typed:
    return {
        name: [("on" if value else "") if isinstance(value, bool) else rows.text(value)]
        for name, value in given.items()
        if value not in (None, "", False)
    }
