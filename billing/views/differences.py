"""What differs between two versions of a price, in words and numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from django.utils.translation import gettext as _

from billing import pricing
from billing.documents import words as names
from billing.models import TariffVersion
from billing.tariffs import figures, words
from billing.tariffs.model import Component, Dimension, Limit, Tariff
from billing.views import prices


@dataclass(frozen=True, slots=True)
class Difference:
    """`what` with its `when` ("" for always); `before` or `after` is "" where there was or will be nothing. `dearer` None where it
    is neither dearer nor cheaper; `percent` of a changed price, rounded."""

    what: str
    when: str
    before: str
    after: str
    dearer: bool | None = None
    percent: int | None = None


class _Said(NamedTuple):
    """`more`: cap, step and VAT rate, in words."""

    price: Fraction
    words: str
    more: tuple[str, ...]


def between(old: TariffVersion, new: TariffVersion, language: str) -> list[Difference]:
    """Prices first, in the order of the new version, then what is gone, then limits and taxes."""
    past, future = (dict(_prices(pricing.parsed(version), language)) for version in (old, new))
    order = [*future, *(key for key in past if key not in future)]
    found = [_difference(*key, past.get(key), future.get(key)) for key in order if past.get(key) != future.get(key)]
    if [key for key in past if key in future] != [key for key in future if key in past]:
        found.append(Difference(_("Order of the elements"), "", _("as it was"), _("another one comes first")))
    return [*found, *_whole(pricing.parsed(old), pricing.parsed(new), language)]


def line(old: TariffVersion, new: TariffVersion, language: str) -> str:
    """One line of a history: "Energy 0,55 €/kWh → 0,59 €/kWh", with how many other changes there are."""
    found = between(old, new, language)
    if not found:
        return _("The same prices.")
    first = found[0]
    what = f"{first.what} {first.when}".strip()
    nothing = _("nothing")
    said = f"{what}: {first.before or nothing} → {first.after or nothing}"
    rest = len(found) - 1
    return said if not rest else f"{said} " + _("and %(n)s more") % {"n": rest}


def _prices(tariff: Tariff, language: str) -> Iterator[tuple[tuple[str, str], _Said]]:
    for element in tariff.elements:
        when = words.restrictions(element.restrictions, language)
        for component in element.components:
            kind = prices.kind(element, component)
            price = words.per_unit(component, kind, tariff.currency, language)
            yield (names.line(kind, language), when), _Said(component.price, price, _more(component, tariff, language))


def _more(component: Component, tariff: Tariff, language: str) -> tuple[str, ...]:
    said = []
    if component.max_amount is not None:
        cap = figures.money(component.max_amount, tariff.currency, language)
        said.append(_("at most %(amount)s") % {"amount": cap})
    if component.step_size > 1:
        unit = "Wh" if component.dimension is Dimension.ENERGY else "s"
        said.append(_("in steps of %(step)s") % {"step": f"{component.step_size}{figures.NBSP}{unit}"})
    return (*said, _vat(component.vat, language))


def _vat(rate: Fraction | None, language: str) -> str:
    if rate is None:
        return _("no VAT")
    return _("VAT %(rate)s") % {"rate": figures.percent(rate, language)}


def _difference(what: str, when: str, before: _Said | None, after: _Said | None) -> Difference:
    """Of two prices only what differs is said beside them."""
    old, new = (said.price if said else None for said in (before, after))
    dearer = None if old == new else (new or 0) > (old or 0)
    percent = round((new - old) / old * 100) if old and new is not None and old != new else None
    return Difference(what, when, _words(before, after), _words(after, before), dearer, percent)


def _words(said: _Said | None, other: _Said | None) -> str:
    if said is None:
        return ""
    known = other.more if other else ()
    return ", ".join([said.words, *(more for more in said.more if more not in known)])


def _whole(old: Tariff, new: Tariff, language: str) -> Iterator[Difference]:
    for label, name in ((_("Minimum price"), "min_price"), (_("Maximum price"), "max_price")):
        before, after = (_limit(getattr(tariff, name), tariff) for tariff in (old, new))
        if before != after:
            yield Difference(label, "", _amount(before, old, language), _amount(after, new, language))
    if old.gross != new.gross:
        yield Difference(_("Taxes"), "", _taxes(old), _taxes(new))
    if old.currency != new.currency:
        yield Difference(_("Currency"), "", old.currency, new.currency)


def _taxes(tariff: Tariff) -> str:
    return _("VAT included") if tariff.gross else _("plus VAT")


def _amount(amount: Fraction | None, tariff: Tariff, language: str) -> str:
    return "" if amount is None else figures.money(amount, tariff.currency, language)


def _limit(limit: Limit | None, tariff: Tariff) -> Fraction | None:
    return (limit.incl_vat if tariff.gross else limit.excl_vat) if limit else None
