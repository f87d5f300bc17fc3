"""A tariff as a driver reads it before plugging in: the price of a kWh now, then everything else that may be added, in
the order of AFIR art. 5(4): per kWh, per minute, per session, other. Always including VAT."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from billing.tariffs import figures, restrictions, words
from billing.tariffs.model import Component, Dimension, Limit, Rule, Tariff

EXAMPLE_KWH = 20  # about 120 km for a middling car: a sum that people can compare with fuel
_CHARGING = (Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME, Dimension.FLAT)
_NAMES: dict[Dimension, Promise] = {
    Dimension.TIME: gettext_lazy("While charging"),
    Dimension.PARKING_TIME: gettext_lazy("When the charge has ended"),
    Dimension.FLAT: gettext_lazy("Once per charge"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """`value` is ready to print; `hint` says when it applies or what caps it; `grace` how long staying costs nothing."""

    label: str
    value: str
    hint: str = ""
    dimension: Dimension | None = None
    grace: str = ""


@dataclass(frozen=True, slots=True)
class PriceCard:
    """`amount` per `unit` ("kWh", "min", "h" or "") now; None where no tariff holds. `when` it is so, "" for always.
    `sentence`: all of it in one line."""

    amount: str | None
    unit: str = ""
    when: str = ""
    lines: Sequence[Line] = ()
    example: str = ""
    free: bool = False
    sentence: str = ""

    @property
    def big_and_small(self) -> tuple[str, str]:
        """For a narrow column: `0,59` over `€/kWh`, `€0.59` over `/kWh`."""
        number, _space, sign = (self.amount or "–").partition(figures.NBSP)
        return number, f"{sign}/{self.unit}" if self.unit else sign

    @property
    def after_charging(self) -> Sequence[Line]:
        """What it costs to stay when the battery is full."""
        return [line for line in self.lines if line.dimension is Dimension.PARKING_TIME]


NONE = PriceCard(None)


def of(tariff: Tariff | None, *, local: datetime, power_w: int | None) -> PriceCard:
    """`local` is the site's wall clock; a price that depends on power is read at what the socket can give."""
    if tariff is None:
        return NONE
    tariff, language = including_vat(tariff), get_language() or "en"
    now = restrictions.Moment(local, power=power_w)
    active = [restrictions.chosen(tariff.rules[d], now) for d in (Dimension.ENERGY, Dimension.TIME, Dimension.FLAT)]
    head = next((rule for rule in active if rule and rule[1].price), None)
    lines = [*_lines(tariff, (head, active[0]), language), *_limits(tariff, language)]
    sentence = words.sentence(tariff, language)
    if head is None:
        return PriceCard(
            figures.money(Fraction(0), tariff.currency, language), "kWh", lines=lines, free=not lines, sentence=sentence
        )
    amount, _slash, unit = words.per_unit(head[1], head[1].dimension, tariff.currency, language).partition("/")
    when = words.restrictions(head[0].restrictions, language)
    return PriceCard(amount, unit, when, lines, _example(tariff, head[1], language), sentence=sentence)


def including_vat(tariff: Tariff) -> Tariff:
    """The same tariff with prices as a consumer pays them; limits at the rate of the energy."""
    if tariff.gross:
        return tariff
    elements = tuple(replace(e, components=tuple(_gross(c) for c in e.components)) for e in tariff.elements)
    floor, cap = (_gross_limit(limit, tariff.main_vat) for limit in (tariff.min_price, tariff.max_price))
    return replace(tariff, elements=elements, gross=True, min_price=floor, max_price=cap)


def _gross(component: Component) -> Component:
    factor = 1 + (component.vat or 0) / Fraction(100)
    cap = None if component.max_amount is None else component.max_amount * factor
    return replace(component, price=component.price * factor, max_amount=cap)


def _gross_limit(limit: Limit | None, vat: Fraction | None) -> Limit | None:
    if limit is None or limit.incl_vat is not None or limit.excl_vat is None:
        return limit
    return replace(limit, incl_vat=limit.excl_vat * (1 + (vat or 0) / Fraction(100)))


def _example(tariff: Tariff, component: Component, language: str) -> str:
    if component.dimension is not Dimension.ENERGY:
        return ""
    return figures.money(component.price * EXAMPLE_KWH, tariff.currency, language)


def _lines(tariff: Tariff, said: Collection[Rule | None], language: str) -> Iterator[Line]:
    """All but what the big number says. Energy that costs nothing at some hours is worth a line; a free minute is not."""
    for dimension in _CHARGING:
        for rule in tariff.rules[dimension]:
            if rule not in said and (rule[1].price or dimension is Dimension.ENERGY):
                yield _line(tariff, rule, language)


def _line(tariff: Tariff, rule: Rule, language: str) -> Line:
    element, component = rule
    when = words.restrictions(element.restrictions, language)
    value = words.per_unit(component, component.dimension, tariff.currency, language)
    cap = [] if component.max_amount is None else [_capped(tariff, component.max_amount, language)]
    if component.dimension is Dimension.ENERGY:
        label = when[:1].upper() + when[1:] if when else _("Otherwise")
        return Line(label, value, "; ".join(cap), component.dimension)
    hint = "; ".join([*([when] if when else []), *cap])
    free_us = element.restrictions.min_parking
    grace = figures.duration(Fraction(free_us, 1_000_000)) if free_us else ""
    return Line(str(_NAMES[component.dimension]), value, hint, component.dimension, grace)


def _capped(tariff: Tariff, amount: Fraction, language: str) -> str:
    return _("at most %(amount)s") % {"amount": figures.money(amount, tariff.currency, language)}


def _limits(tariff: Tariff, language: str) -> Iterator[Line]:
    for label, limit in ((_("At least, per charge"), tariff.min_price), (_("At most, per charge"), tariff.max_price)):
        if limit is not None and limit.incl_vat:
            yield Line(label, figures.money(limit.incl_vat, tariff.currency, language))
