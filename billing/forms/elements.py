"""One element of a tariff as rows of a form: what it costs, and when. What people read as minutes, inclusive days and a price per
minute is OCPI's seconds, exclusive dates and price per hour."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.utils import formats
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.tariffs.parsing import DAYS
from cms.core.form_fields import DayField, ForgivingDecimalField

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as StrOrPromise

Typed = dict[str, list[str]]
"""What stands in the fields of a form, by name: a list of texts each, as a browser sends them."""

SHORT = Decimal("0.0001")  # prices per minute are shown as such where they need no more decimals than this


class ClockField(forms.CharField):
    """A wall-clock time: `7`, `7:30`, `07.30`, `0730`; the end of the day is 24:00 or 00:00. Cleans to "07:30" or ""."""

    def clean(self, value: Any) -> str:
        text = super().clean(value).strip()
        found = re.fullmatch(r"(\d{1,2})(?:[:.h]?(\d{2}))?", text)
        if not text:
            return ""
        if not found or int(found[1]) > 24 or int(found[2] or 0) > 59 or (found[1] == "24" and int(found[2] or 0)):
            raise forms.ValidationError(_("A time such as 17:30 is expected."))
        return f"{int(found[1]):02}:{found[2] or '00'}"

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "inputmode": "numeric", "placeholder": "hh:mm", "autocomplete": "off"}


class MinutesField(forms.CharField):
    """A span: `15` minutes, `1:30` minutes and seconds. Cleans to seconds or None."""

    def clean(self, value: Any) -> int | None:
        text = super().clean(value).strip()
        if not text:
            return None
        found = re.fullmatch(r"(\d{1,6})(?::([0-5]\d))?", text)
        if not found:
            raise forms.ValidationError(_("Whole minutes, or minutes:seconds, are expected."))
        return int(found[1]) * 60 + int(found[2] or 0)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "inputmode": "numeric", "autocomplete": "off"}


@dataclass(frozen=True, slots=True)
class Kind:
    """A component: its OCPI type, the word beside it, the unit of its step; `timed`: priced per minute or per hour."""

    name: str
    type: str
    word: Promise
    step: str = ""
    timed: bool = False


KINDS = (
    Kind("energy", "ENERGY", _("Energy"), "Wh"),
    Kind("time", "TIME", _("Time while charging"), "s", timed=True),
    Kind("parking", "PARKING_TIME", _("Staying after the charge"), "s", timed=True),
    Kind("flat", "FLAT", _("Fee per charge")),
)
_WRITTEN = (KINDS[3], *KINDS[:3])  # as tariffs.plain writes them, so that one can be told from the other
_BY_TYPE = {kind.type: kind for kind in KINDS}
UNITS = {"min": _("/ min"), "h": _("/ hour")}
RESERVATIONS = {
    "": _("a charge"),
    "RESERVATION": _("a reservation"),
    "RESERVATION_EXPIRES": _("a reservation that nobody used"),
}

HOLIDAYS = {"": _("make no difference"), "only": _("only then"), "except": _("not then")}


MOST = 10**7  # of any currency: what is typed above has lost its decimal sign


class AmountField(ForgivingDecimalField):
    """As many decimals as somebody means; `1e-400` is nobody's price."""

    def validate(self, value: Any) -> None:
        super().validate(value)
        if isinstance(value, Decimal) and value.is_finite() and value and value.adjusted() < -30:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")


def amount(label: "StrOrPromise | Promise", **limits: Any) -> AmountField:
    given = {"min_value": 0, "max_value": MOST, **limits}
    return AmountField(label=cast("StrOrPromise", label), required=False, **given)


class ElementForm(forms.Form):
    """Bound to `Typed` under a prefix. `element()` is the JSON of it; `place` brings the parser's errors back to the fields."""

    days = forms.MultipleChoiceField(
        label=_("Days"), required=False, widget=forms.CheckboxSelectMultiple,
        choices=[(day, WEEKDAYS_ABBR[n]) for n, day in enumerate(DAYS)],
    )  # fmt: skip
    start_time = ClockField(label=_("From"), required=False, max_length=5)
    end_time = ClockField(label=_("Until"), required=False, max_length=5)
    start_date = DayField(label=_("First day"), required=False)
    last_date = DayField(label=_("Last day"), required=False)
    holidays = forms.ChoiceField(label=_("Public holidays"), required=False, choices=list(HOLIDAYS.items()))
    min_kwh, max_kwh = amount(_("From")), amount(_("Below"))
    min_power, max_power = amount(_("From")), amount(_("Below"))
    min_current, max_current = amount(_("From")), amount(_("Below"))
    min_duration = MinutesField(label=_("After"), required=False, max_length=10)
    max_duration = MinutesField(label=_("Before"), required=False, max_length=10)
    min_parking = MinutesField(label=_("After"), required=False, max_length=10)
    max_parking = MinutesField(label=_("Before"), required=False, max_length=10)
    reservation = forms.ChoiceField(label=_("This is about"), required=False, choices=list(RESERVATIONS.items()))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in KINDS:
            self.fields[f"{kind.name}_price"] = amount(kind.word)
            self.fields[f"{kind.name}_vat"] = amount(_("VAT"), max_value=100)
            if kind.timed:
                self.fields[f"{kind.name}_unit"] = forms.ChoiceField(
                    label=_("Unit"), choices=list(UNITS.items()), required=False
                )
            if kind.step:
                self.fields[f"{kind.name}_step"] = forms.IntegerField(
                    label=_("Steps of"), required=False, min_value=0, max_value=1_000_000
                )
                self.fields[f"{kind.name}_cap"] = amount(_("At most"))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if not self.errors and all(given[f"{kind.name}_price"] is None for kind in KINDS):
            self.add_error("energy_price", _("Enter a price; 0 where this is free."))
        return given

    @property
    def row(self) -> str:
        return str(self.prefix).removeprefix("e")

    def prices(self) -> list[dict[str, Any]]:
        """The components as the template places them."""
        return [
            {
                "kind": kind,
                **{part: self[name] for part in ("price", "vat", "unit", "step", "cap") if (name := f"{kind.name}_{part}") in self.fields},
            }
            for kind in KINDS
        ]  # fmt: skip

    def limited(self) -> bool:
        """Does anything stand in the fields that few tariffs need?"""
        return any(self[name].value() for name in _RARE) or any(name in self.errors for name in _RARE)

    def element(self) -> dict[str, Any]:
        found: dict[str, Any] = {"price_components": [_component(self.cleaned_data, kind) for kind in self._priced()]}
        if restrictions := _restrictions(self.cleaned_data):
            found["restrictions"] = restrictions
        return found

    def place(self, path: Sequence[str], sentence: str) -> None:
        """`path` within the element: ["price_components", "1", "vat"]."""
        self.add_error(self._named(path), sentence)

    def _named(self, path: Sequence[str]) -> str | None:
        if path[0] == "restrictions":
            return _FIELDS.get(path[-1], path[-1]) if len(path) > 1 else None
        if len(path) == 3:
            kind = list(self._priced())[int(path[1])]
            name = f"{kind.name}_{_PARTS.get(path[2], 'price')}"
            return name if name in self.fields else f"{kind.name}_price"
        return "energy_price"

    def _priced(self) -> list[Kind]:
        return [kind for kind in _WRITTEN if self.cleaned_data.get(f"{kind.name}_price") is not None]


_RARE = ("start_date", "last_date", "holidays", "min_kwh", "max_kwh", "min_power", "max_power", "min_current", "max_current",
         "min_duration", "max_duration", "reservation")  # fmt: skip
_PARTS = {"price": "price", "vat": "vat", "step_size": "step", "max_amount": "cap"}
_FIELDS = {"day_of_week": "days", "end_date": "last_date", "min_parking_duration": "min_parking", "max_parking_duration": "max_parking"}  # fmt: skip
_NUMBERS = ("min_kwh", "max_kwh", "min_power", "max_power", "min_current", "max_current")
_SPANS = {"min_duration": "min_duration", "max_duration": "max_duration", "min_parking": "min_parking_duration", "max_parking": "max_parking_duration"}  # fmt: skip


def _component(given: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    price: Decimal = given[f"{kind.name}_price"]
    component: dict[str, Any] = {"type": kind.type, "price": price}
    if kind.timed and given[f"{kind.name}_unit"] != "h":
        component["price"] = price * 60
    step, vat, cap = (given.get(f"{kind.name}_{part}") for part in ("step", "vat", "cap"))
    component["step_size"] = 1 if step is None else step
    if vat is not None:
        component["vat"] = vat
    if cap is not None:
        component["max_amount"] = cap
    return component


def _restrictions(given: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: given[name] for name in ("start_time", "end_time", *_NUMBERS)}
    found |= {member: given[name] for name, member in _SPANS.items()}
    found["day_of_week"] = given["days"]
    found["start_date"] = given["start_date"] and given["start_date"].isoformat()
    found["end_date"] = given["last_date"] and (given["last_date"] + timedelta(days=1)).isoformat()
    found["reservation"] = given["reservation"]
    found["holidays"] = given["holidays"]
    return {name: value for name, value in found.items() if value not in (None, "", [])}


# ---- from OCPI to what a person types --------------------------------------------------------------------------------


def typed(element: Mapping[str, Any]) -> Typed:
    """The fields that say this element, without a prefix. KeyError, ValueError or TypeError for what no form can say."""
    given: dict[str, Any] = {}
    for component in element["price_components"]:
        given |= _typed_component(component)
    rates = {given[name] for name in list(given) if name.endswith("_vat")}
    if len(rates) == 1:  # what is added to this element is probably taxed alike
        given = {f"{kind.name}_vat": next(iter(rates)) for kind in KINDS} | given
    given |= _typed_restrictions(element.get("restrictions") or {})
    return {name: value if isinstance(value, list) else [text(value)] for name, value in given.items() if value not in (None, "")}  # fmt: skip


def _typed_component(component: Mapping[str, Any]) -> dict[str, Any]:
    kind = _BY_TYPE[component["type"]]
    price, unit = Decimal(str(component["price"])), ""
    if kind.timed:
        minute = price / 60
        unit = "min" if minute * 60 == price and minute % SHORT == 0 else "h"
        price = minute if unit == "min" else price
    step = component.get("step_size")
    return {
        f"{kind.name}_price": price,
        f"{kind.name}_unit": unit,
        f"{kind.name}_vat": component.get("vat"),
        f"{kind.name}_step": None if step == 1 or not kind.step else step or 0,
        f"{kind.name}_cap": component.get("max_amount"),
    }


def _typed_restrictions(members: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: members.get(name) for name in ("start_time", "end_time", "start_date", "reservation", "holidays", *_NUMBERS)}  # fmt: skip
    found |= {name: _span(members.get(member)) for name, member in _SPANS.items()}
    if members.get("day_of_week"):
        found["days"] = [str(day) for day in members["day_of_week"]]
    if members.get("end_date"):
        found["last_date"] = (date.fromisoformat(members["end_date"]) - timedelta(days=1)).isoformat()
    return found


def _span(seconds: Any) -> str | None:
    if seconds is None:
        return None
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}" if rest else str(minutes)


def text(value: Any) -> str:
    if isinstance(value, Decimal):
        return formats.number_format(f"{value.normalize():f}", use_l10n=True)
    return str(value)
