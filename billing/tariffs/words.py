"""A tariff in words, Italian and English: the sentence a driver reads before plugging in, and why a line applies.

The order is the law's (AFIR art. 5): per kWh, per minute, per session, anything else.
"""

from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction

from . import figures
from .model import DAY_S, HOUR_US, KWH_MWH, NONE, Component, Dimension, Restrictions, Tariff

_MINUTE = Fraction(1, 60)

_TEXT: dict[str, dict[str, str]] = {
    "it": {
        "free": "gratis",
        "gross": "IVA inclusa",
        "net": "IVA esclusa",
        "otherwise": "altrimenti",
        "and": "e",
        "once": "{} a ricarica",
        "TIME": "tempo di ricarica",
        "PARKING_TIME": "sosta",
        "RESERVATION_TIME": "prenotazione",
        "RESERVATION_FLAT": "prenotazione",
        "expired": "prenotazione scaduta",
        "cap": "al massimo {}",
        "min_price": "minimo {}",
        "max_price": "massimo {}",
        "from": "dalle {}",
        "until": "fino alle {}",
        "dates": "dal {} al {}",
        "first_date": "dal {}",
        "last_date": "fino al {}",
        "below": "sotto {}",
        "at_least": "da {}",
        "between": "da {} a {}",
        "first": "i primi {}",
        "after": "dopo {}",
        "since_start": "{} dall’inizio",
        "days": "lun mar mer gio ven sab dom",
        "holidays": "nei giorni festivi",
        "no_holidays": "tranne i giorni festivi",
    },
    "en": {
        "free": "free of charge",
        "gross": "VAT included",
        "net": "plus VAT",
        "otherwise": "otherwise",
        "and": "and",
        "once": "{} per charge",
        "TIME": "charging time",
        "PARKING_TIME": "parking",
        "RESERVATION_TIME": "reservation",
        "RESERVATION_FLAT": "reservation",
        "expired": "expired reservation",
        "cap": "at most {}",
        "min_price": "minimum {}",
        "max_price": "maximum {}",
        "from": "from {}",
        "until": "until {}",
        "dates": "from {} to {}",
        "first_date": "from {}",
        "last_date": "until {}",
        "below": "below {}",
        "at_least": "from {}",
        "between": "{} to {}",
        "first": "the first {}",
        "after": "after {}",
        "since_start": "{} from the start",
        "days": "Mon Tue Wed Thu Fri Sat Sun",
        "holidays": "on public holidays",
        "no_holidays": "except public holidays",
    },
}


def sentence(tariff: Tariff, language: str) -> str:
    """ "0,55 €/kWh, IVA inclusa; sosta 0,10 €/min dopo 15 min"."""
    words = _words(language)
    if (
        not any(component.price for element in tariff.elements for component in element.components)
        and not tariff.min_price
    ):
        return words["free"]
    groups = [
        _group(tariff, dimension, language) for dimension in (Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME)
    ]
    groups += [_fees(tariff, language), *_reservations(tariff, language), *_limits(tariff, language)]
    said = [group for group in groups if group]
    if taxes := _taxes(tariff, words):
        said[0] += f", {taxes}"
    return "; ".join(said)


def restrictions(r: Restrictions, language: str) -> str:
    """ "lun–ven 17:00–20:00, dopo 15 min"; empty where the element applies always."""
    if r is NONE:
        return ""
    words = _words(language)
    said = (_calendar(r, words), *(describe(r, words, language) for describe in _AMOUNTS))
    return ", ".join(part for part in said if part)


def per_unit(component: Component, dimension: Dimension, currency: str, language: str) -> str:
    """0,55 €/kWh, 0,10 €/min (per hour where a minute has no short price), 0,50 €."""
    if dimension is Dimension.ENERGY:
        return f"{figures.price(component.price, currency, language)}/kWh"
    if dimension.unit == "h":
        minute = component.price * _MINUTE
        if minute * 10_000 % 1 == 0:
            return f"{figures.price(minute, currency, language)}/min"
        return f"{figures.price(component.price, currency, language)}/h"
    return figures.price(component.price, currency, language)


# ---- the sentence ---------------------------------------------------------------------------------------------------


def _group(tariff: Tariff, dimension: Dimension, language: str) -> str:
    """All prices of a dimension, equal ones once: "0,49 €/kWh 22:00–07:00 e dom, 0,59 €/kWh altrimenti"."""
    rules = tariff.rules[dimension]
    if not rules or (dimension is not Dimension.ENERGY and not any(c.price for _, c in rules)):
        return ""
    words = _words(language)
    conditions: dict[str, list[str]] = {}
    for element, component in rules:
        priced = _priced(component, dimension, tariff, language)
        conditions.setdefault(priced, []).append(restrictions(element.restrictions, language))
    said = [_when(priced, when, words, several=len(conditions) > 1) for priced, when in conditions.items()]
    return (f"{words[dimension]} " if dimension is not Dimension.ENERGY else "") + ", ".join(said)


def _when(priced: str, conditions: list[str], words: dict[str, str], *, several: bool) -> str:
    if "" in conditions:
        return f"{priced} {words['otherwise']}" if several else priced
    return f"{priced} " + f" {words['and']} ".join(conditions)


def _priced(component: Component, dimension: Dimension, tariff: Tariff, language: str) -> str:
    words = _words(language)
    if not component.price:
        return words["free"]
    text = per_unit(component, dimension, tariff.currency, language)
    if component.max_amount is None:
        return text
    return f"{text} ({words['cap'].format(figures.money(component.max_amount, tariff.currency, language))})"


def _fees(tariff: Tariff, language: str) -> str:
    words = _words(language)
    said = []
    for element, component in tariff.rules[Dimension.FLAT]:
        if component.price:
            fee = words["once"].format(figures.price(component.price, tariff.currency, language))
            said.append(f"{fee} {restrictions(element.restrictions, language)}".strip())
    return ", ".join(said)


def _reservations(tariff: Tariff, language: str) -> list[str]:
    words = _words(language)
    said = []
    for element in tariff.elements:
        kind = element.restrictions.reservation
        for component in element.components if kind else ():
            dimension = (
                Dimension.RESERVATION_FLAT if component.dimension is Dimension.FLAT else Dimension.RESERVATION_TIME
            )
            what = words["expired"] if kind == "RESERVATION_EXPIRES" else words[dimension]
            said.append(f"{what} {_priced(component, dimension, tariff, language)}")
    return said


def _limits(tariff: Tariff, language: str) -> list[str]:
    said = []
    for name, limit in (("min_price", tariff.min_price), ("max_price", tariff.max_price)):
        amount = limit and (limit.incl_vat if tariff.gross else limit.excl_vat)
        if amount:
            said.append(_words(language)[name].format(figures.money(amount, tariff.currency, language)))
    return said


def _taxes(tariff: Tariff, words: dict[str, str]) -> str:
    taxed = any(component.vat is not None for element in tariff.elements for component in element.components)
    return words["gross" if tariff.gross else "net"] if taxed else ""


# ---- restrictions ---------------------------------------------------------------------------------------------------


def _calendar(r: Restrictions, words: dict[str, str]) -> str:
    parts = (_dates(r, words), _days(r.days, words), _holidays(r.holidays, words), _hours(r, words))
    return " ".join(part for part in parts if part)


def _holidays(only: bool | None, words: dict[str, str]) -> str:
    return "" if only is None else words["holidays" if only else "no_holidays"]


def _days(days: frozenset[int], words: dict[str, str]) -> str:
    """ "lun–ven", "sab, dom", "lun–ven, dom", "dom"."""
    names = words["days"].split()
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    said = (
        f"{names[run[0]]}–{names[run[-1]]}" if len(run) > 2 else ", ".join(names[day] for day in run) for run in runs
    )
    return ", ".join(said)


def _hours(r: Restrictions, words: dict[str, str]) -> str:
    start, end = _clock(r.start_time), _clock(r.end_time)
    if start and end:
        return f"{start}–{end}"
    return words["from"].format(start) if start else words["until"].format(end) if end else ""


def _clock(seconds: int | None) -> str:
    if seconds is None:
        return ""
    return "24:00" if seconds == DAY_S else f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"


def _dates(r: Restrictions, words: dict[str, str]) -> str:
    first = f"{r.start_date:%d/%m/%Y}" if r.start_date else ""
    last = f"{r.end_date - timedelta(days=1):%d/%m/%Y}" if r.end_date else ""
    if first and last:
        return words["dates"].format(first, last)
    return words["first_date"].format(first) if first else words["last_date"].format(last) if last else ""


def _range(low: Fraction | None, high: Fraction | None, unit: str, words: dict[str, str], language: str) -> str:
    least, below = (f"{figures.plain(v, language)}{figures.NBSP}{unit}" if v is not None else "" for v in (low, high))
    if least and below:
        return words["between"].format(least, below)
    return words["at_least"].format(least) if least else words["below"].format(below) if below else ""


def _spans(low: int | None, high: int | None, words: dict[str, str]) -> str:
    after, first = (figures.duration(Fraction(v, HOUR_US // 3600)) if v is not None else "" for v in (low, high))
    if after and first:
        return words["between"].format(after, first)
    return words["after"].format(after) if after else words["first"].format(first) if first else ""


def _energy(r: Restrictions, words: dict[str, str], language: str) -> str:
    low, high = (None if v is None else v / KWH_MWH for v in (r.min_energy, r.max_energy))
    return _range(low, high, "kWh", words, language)


def _power(r: Restrictions, words: dict[str, str], language: str) -> str:
    low, high = (None if v is None else v / 1000 for v in (r.min_power, r.max_power))
    return _range(low, high, "kW", words, language)


def _current(r: Restrictions, words: dict[str, str], language: str) -> str:
    return _range(r.min_current, r.max_current, "A", words, language)


def _since_start(r: Restrictions, words: dict[str, str], _language: str) -> str:
    spans = _spans(r.min_duration, r.max_duration, words)
    return words["since_start"].format(spans) if spans else ""


def _grace(r: Restrictions, words: dict[str, str], _language: str) -> str:
    return _spans(r.min_parking, r.max_parking, words)


_AMOUNTS: tuple[Callable[[Restrictions, dict[str, str], str], str], ...] = (
    _energy,
    _power,
    _current,
    _since_start,
    _grace,
)


def _words(language: str) -> dict[str, str]:
    return _TEXT.get(language[:2], _TEXT["en"])
