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
    words: str
    price: Fraction | None


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
            yield (
                (names.line(kind, language), when),
                _Said(_component(component, kind, tariff, language), component.price),
            )


def _component(component: Component, kind: Dimension, tariff: Tariff, language: str) -> str:
    said = [words.per_unit(component, kind, tariff.currency, language)]
    if component.max_amount is not None:
        said.append(
            _("at most %(amount)s") % {"amount": figures.money(component.max_amount, tariff.currency, language)}
        )
    if component.step_size > 1:
        unit = "Wh" if component.dimension is Dimension.ENERGY else "s"
        said.append(_("in steps of %(step)s") % {"step": f"{component.step_size}{figures.NBSP}{unit}"})
    said.append(_vat(component.vat, language))
    return ", ".join(said)


def _vat(rate: Fraction | None, language: str) -> str:
    if rate is None:
        return _("no VAT")
    return _("VAT %(rate)s") % {"rate": figures.percent(rate, language)}


def _difference(what: str, when: str, before: _Said | None, after: _Said | None) -> Difference:
    old, new = (said.price if said else None for said in (before, after))
    dearer = None if old == new else (new or 0) > (old or 0)
    percent = round((new - old) / old * 100) if old and new is not None and old != new else None
    return Difference(what, when, before.words if before else "", after.words if after else "", dearer, percent)


def _whole(old: Tariff, new: Tariff, language: str) -> Iterator[Difference]:
    for label, name in ((_("Minimum price"), "min_price"), (_("Maximum price"), "max_price")):
        before, after = (_limit(getattr(tariff, name), tariff) for tariff in (old, new))
        if before != after:
            said = (
                "" if amount is None else figures.money(amount, tariff.currency, language)
                for amount, tariff in ((before, old), (after, new))
            )
            yield Difference(label, "", *said)
    if old.gross != new.gross:
        yield Difference(_("Taxes"), "", *(_("VAT included") if t.gross else _("plus VAT") for t in (old, new)))
    if old.currency != new.currency:
        yield Difference(_("Currency"), "", old.currency, new.currency)


def _limit(limit: Limit | None, tariff: Tariff) -> Fraction | None:
    return (limit.incl_vat if tariff.gross else limit.excl_vat) if limit else None
