"""What a driver asked for, to and from the query string: every search is a link that can be shared and gone back to."""

from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from cms.portal import geography
from cms.portal.selectors.places import ROWS, Wish


@dataclass(frozen=True, slots=True)
class Filter:
    """One pill. `value` is what the query string carries under `name`."""

    name: str
    value: str
    word: Any


FILTERS = (
    Filter("plug", "IEC_62196_T2", _("Type 2")),
    Filter("plug", "IEC_62196_T2_COMBO", _("CCS2")),
    Filter("free", "1", _("Free now")),
    Filter("kw", "50", _("From 50 kW")),
    Filter("plug", "CHADEMO", "CHAdeMO"),
)
MAX_TEXT = 100


def read(query: QueryDict) -> Wish:
    """Anything unreadable counts as not asked."""
    on = {(f.name, f.value) for f in FILTERS if f.value in query.getlist(f.name)}
    return Wish(
        text=query.get("q", "").replace("\x00", "").strip()[:MAX_TEXT],  # PostgreSQL refuses NUL
        standards=tuple(value for name, value in sorted(on) if name == "plug"),
        min_power_w=max((int(value) * 1000 for name, value in on if name == "kw"), default=0),
        free=("free", "1") in on,
        near=geography.parse(query.get("lat", ""), query.get("lon", "")),
    )


def start(query: QueryDict) -> int:
    """How many rows the earlier pages showed."""
    text = query.get("from", "")
    return min(int(text), 100_000) // ROWS * ROWS if text.isascii() and text.isdigit() else 0


def toggled(query: QueryDict, pill: str) -> str:
    """The query string after a tap on `name:value`; an unknown pill changes nothing."""
    changed = query.copy()
    for extra in ("toggle", "from"):
        changed.pop(extra, None)
    name, _colon, value = pill.partition(":")
    if any((f.name, f.value) == (name, value) for f in FILTERS):
        values = changed.getlist(name)
        changed.setlist(name, [v for v in values if v != value] if value in values else [*values, value])
    return changed.urlencode()


def pressed(query: QueryDict) -> list[tuple[Filter, bool]]:
    return [(f, f.value in query.getlist(f.name)) for f in FILTERS]


def anywhere(wish: Wish) -> Wish:
    """The same wish without the filters: to say that they hid everything."""
    return replace(wish, standards=(), min_power_w=0, free=False)
