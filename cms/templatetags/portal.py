"""What the driver's pages place: the bar of a running charge, and places, sockets and prices in words."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.http import HttpRequest
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.selectors import adhoc
from cms.portal import pocket, rides, states
from cms.portal.price_card import PriceCard
from cms.portal.selectors.evses import EvseNow
from cms.portal.selectors.places import Found, Place, Wish
from cms.templatetags import figures, ui

register = template.Library()


@register.inclusion_tag("driver/_live_bar.html", takes_context=True)
def live_bar(context: Context) -> dict[str, Any]:
    """The newest charge or start of whoever asks, on every page but its own."""
    request = context["request"]
    ride = _newest_of(request)
    hidden = ride is None or request.path.startswith(ride.url)
    return {"ride": None if hidden else ride}


def _newest_of(request: HttpRequest) -> rides.Ride | None:
    """Of this phone's charges without an account, else of the account's."""
    pocketed = adhoc.running(pocket.charges(request))
    if pocketed:
        return rides.of_adhoc(pocketed[0])
    under_way = rides.under_way(request.user, at=timezone.now()) if request.user.is_authenticated else []
    return under_way[0] if under_way else None


@register.simple_tag
def headline(found: Found, wish: Wish) -> SafeString:
    """The answer first, its context in grey."""
    if not found.total:
        return format_html("{}", _("Nothing found."))
    free = found.free
    said = ngettext("%(n)s socket free", "%(n)s sockets free", free) % {"n": free} if free else _("None free right now")
    if wish.near is None:
        rest = ngettext("at %(n)s place.", "at %(n)s places.", found.total) % {"n": found.total}
        return format_html('{} <span class="rest">{}</span>', said, rest)
    nearest = next((p for p in found.places if p.free), found.places[0])
    rest = _("The first is %(distance)s away.") % {"distance": figures.distance(nearest.metres)}
    return format_html('{}. <span class="rest">{}</span>', said, rest)


@register.simple_tag
def availability(place: Place) -> SafeString:
    """`2/4 free`, or what one meets instead."""
    if place.free:
        words = _("%(free)s/%(total)s free") % {"free": place.free, "total": place.total}
        return format_html('<span class="t-available">{}</span>', words)
    if place.state in {states.CHARGING, states.OCCUPIED}:
        taken = ngettext("occupied", "all occupied", place.total)
        return format_html("{} {}", taken, since(place.since))
    return format_html("{}", str(ui.DRIVER_STATES[place.state]).lower())


@register.simple_tag
def since(at: datetime | None) -> str:
    """`for 25 min`; "" where nobody knows, the date where it is long ago."""
    if at is None:
        return ""
    return _("for %(span)s") % {"span": ago(at)}


@register.filter
def ago(at: datetime) -> str:
    """`6 min`, `3 h`, `4 days`."""
    span = max(timedelta(0), timezone.now() - at)
    if span.days:
        return ngettext("%(n)s day", "%(n)s days", span.days) % {"n": span.days}
    return ui.span_words(int(span.total_seconds())).replace(" ", figures.NB)


@register.simple_tag
def rate(card: PriceCard) -> SafeString:
    """The price in a narrow column."""
    if card.free:
        return format_html("<b>{}</b>", _("free of charge"))
    big, small = card.big_and_small
    return format_html("<b>{}</b> <small>{}</small>", big, small)


@register.simple_tag
def plugs(seen: EvseNow) -> str:
    """`Type 2, 22 kW`; what is not known is left out."""
    words = _standards(seen) or [_socket(seen)]
    power = [figures.kw_rated(seen.evse.max_power_w)] if seen.evse.max_power_w else []
    return ", ".join([" · ".join(words), *power])


@register.simple_tag
def socket(seen: EvseNow) -> str:
    """`Socket 2 · Type 2, 22 kW`."""
    return f"{_socket(seen)} · {plugs(seen)}" if _standards(seen) else plugs(seen)


@register.simple_tag
def sockets(seen: Iterable[EvseNow]) -> str:
    """Equal ones once, `6 × Type 2, 22 kW`; one whose plug nobody knows by its code."""
    words = Counter(plugs(one) if _standards(one) else one.evse.uid for one in seen)
    return " · ".join(f"{n}{figures.NB}×{figures.NB}{word}" if n > 1 else word for word, n in words.items())


def _standards(seen: EvseNow) -> list[str]:
    return [str(ui.plug_word(standard)) for standard in seen.standards]


def _socket(seen: EvseNow) -> str:
    return _("Socket %(n)s") % {"n": seen.evse.evse_id}


@register.filter
def spelled(code: str) -> str:
    """For screen readers: sign by sign."""
    return ", ".join(" ".join(part) for part in code.split("*"))


@register.filter
def grouped(code: str) -> str:
    """For comparing by eye: in threes where it has no stars."""
    return code if "*" in code else " ".join(code[i : i + 3] for i in range(0, len(code), 3))
