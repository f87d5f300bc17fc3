"""What templates place: icons, state chips, ages, form fields, live blocks. Words and colours of states live here once."""

from datetime import datetime
from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.contrib.staticfiles import finders
from django.forms import BoundField, CheckboxInput, Select, Textarea
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, get_language_info, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

register = template.Library()

# The seven state tokens, in the order of the ribbon. Operators read these words; drivers fewer of them (ux.md §3).
STATES = {
    "available": pgettext_lazy("connector state", "Available"),
    "charging": pgettext_lazy("connector state", "Charging"),
    "occupied": pgettext_lazy("connector state", "Occupied, not charging"),
    "reserved": pgettext_lazy("connector state", "Reserved"),
    "unavailable": pgettext_lazy("connector state", "Out of service"),
    "faulted": pgettext_lazy("connector state", "Fault"),
    "offline": pgettext_lazy("connector state", "Unreachable"),
}
DRIVER_STATES = {
    "available": pgettext_lazy("for drivers", "Free"),
    "charging": pgettext_lazy("for drivers", "Occupied"),
    "occupied": pgettext_lazy("for drivers", "Occupied"),
    "reserved": pgettext_lazy("for drivers", "Reserved"),
    "unavailable": pgettext_lazy("for drivers", "Out of service"),
    "faulted": pgettext_lazy("for drivers", "Out of service"),
    "offline": pgettext_lazy("for drivers", "State unknown"),
}
_TOKENS = {
    "Available": "available",
    "Charging": "charging",
    "Preparing": "occupied",
    "SuspendedEV": "occupied",
    "SuspendedEVSE": "occupied",
    "Finishing": "occupied",
    "Occupied": "occupied",
    "Reserved": "reserved",
    "Unavailable": "unavailable",
    "Faulted": "faulted",
}
_DETAILS = {
    "Preparing": gettext_lazy("cable in, not started"),
    "SuspendedEV": gettext_lazy("paused by the car"),
    "SuspendedEVSE": gettext_lazy("paused by the charger"),
    "Finishing": gettext_lazy("ended, cable still in"),
}
HATCHES = (
    '<defs><pattern id="hatch-soft" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path class="hatch-soft" d="M0 0v6"/></pattern><pattern id="hatch" width="6" height="6" '
    'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch-bg" width="6" height="6"/>'
    '<path class="hatch-line" d="M0 0v6"/></pattern></defs>'
)
PLUGS = {
    "IEC_62196_T2_COMBO": ("plug-ccs2", "CCS2"),
    "IEC_62196_T2": ("plug-type2", gettext_lazy("Type 2")),
    "CHADEMO": ("plug-ccs2", "CHAdeMO"),
}
DAY_S = 86400


def state_token(status: str, online: bool = True, charging: bool = False) -> str:
    """The token of a protocol status: "offline" overlays everything, an unknown or missing status counts as offline.

    A 2.0.1 connector that is Occupied while its session charges is `charging`.
    """
    if not online:
        return "offline"
    if charging and status == "Occupied":
        return "charging"
    return _TOKENS.get(status, "offline")


@cache
def _sprite(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        symbols = file.read().partition("<symbol")
    return f'<svg class="sprite" aria-hidden="true">{HATCHES}<symbol{symbols[2]}'


@register.simple_tag
def sprite() -> SafeString:
    """All icons, once per page: blocks that arrive later may use any of them."""
    return mark_safe(_sprite(finders.find("img/icons.svg") or str(settings.BASE_DIR / "static/img/icons.svg")))  # noqa: S308


@register.simple_tag
def icon(name: str, cls: str = "i") -> SafeString:
    return format_html('<svg class="{}" aria-hidden="true"><use href="#{}"/></svg>', cls, name)


@register.filter
def state_word(state: str) -> str:
    return str(STATES.get(state, state))


@register.filter
def state_detail(status: str) -> str:
    """The sub-state in words ("paused by the car"), "" where the chip says it all."""
    return str(_DETAILS.get(status, ""))


@register.filter
def plug_icon(standard: str) -> str:
    return PLUGS.get(standard, ("plug-type2", ""))[0]


@register.filter
def plug_word(standard: str) -> str:
    return str(PLUGS.get(standard, ("", standard))[1])


@register.inclusion_tag("components/chip.html")
def chip(state: str, word: str = "", size: str = "") -> dict[str, str]:
    """`size`: "" or "s" or "l"."""
    return {"state": state, "word": word or state_word(state), "size": size}


@register.inclusion_tag("components/chip.html")
def driver_chip(state: str, size: str = "") -> dict[str, str]:
    return {"state": state, "word": str(DRIVER_STATES.get(state, state)), "size": size}


def span_words(seconds: int) -> str:
    """An age in one unit, as ages.js counts it on."""
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h"


@register.inclusion_tag("components/age.html")
def age(
    at: datetime | None, max: int | None = None, before: str = "", never: str = "", live: bool = True
) -> dict[str, Any]:
    """How old a value is; red past `max` seconds (twice its interval). Older than a day: the absolute time instead."""
    if at is None:
        return {"at": None, "never": never or _("never")}
    seconds = int(abs((timezone.now() - at).total_seconds()))
    return {
        "at": at,
        "seconds": seconds,
        "words": span_words(seconds),
        "old": seconds >= DAY_S,
        "max": max,
        "late": max is not None and seconds > max,
        "live": live,
        "before": before,
    }


@register.inclusion_tag("components/steps.html")
def steps(steps: list[dict[str, str]], label: str = "") -> dict[str, Any]:
    return {"steps": steps, "label": label}


@register.inclusion_tag("components/field.html")
def field(field: BoundField, unit: str = "") -> dict[str, Any]:
    """A form field with its label, unit, hint and errors; the errors are tied to it for screen readers."""
    widget = field.field.widget
    check = isinstance(widget, CheckboxInput)
    described = " ".join(
        part
        for part in (
            f"{field.auto_id}_hint" if field.help_text and not check else "",
            f"{field.auto_id}_error" if field.errors else "",
        )
        if part
    )
    attrs: dict[str, Any] = {"class": "" if check else "input area" if isinstance(widget, Textarea) else "input"}
    if described:
        attrs["aria-describedby"] = described
    if field.errors:
        attrs["aria-invalid"] = "true"
    kind = "check" if check else "select" if isinstance(widget, Select) else "input"
    return {"field": field, "widget": field.as_widget(attrs=attrs), "unit": unit, "kind": kind}


@register.inclusion_tag("components/language.html", takes_context=True)
def language_button(context: Context, cls: str = "") -> dict[str, Any]:
    """One button to the other language; comes back to the same page."""
    now = (get_language() or settings.LANGUAGE_CODE)[:2]
    other = next((code for code, _name in settings.LANGUAGES if code != now), now)
    return {
        "other": other,
        "name": get_language_info(other)["name_local"].capitalize(),
        "next": context["request"].get_full_path() if "request" in context else "/",
        "csrf_token": context.get("csrf_token"),
        "cls": cls,
    }


@register.simple_tag(takes_context=True)
def live(context: Context, id: str, *topics: str) -> SafeString:
    """Attributes of a block that is fetched again when one of its topics moves: the page's own address answers with
    the block alone when htmx names it as the target (cms.dashboard.blocks)."""
    return format_html(
        'id="{}" data-live="{}" hx-get="{}" hx-trigger="live" hx-swap="outerHTML" hx-target="this"',
        id,
        " ".join(topics),
        context["request"].get_full_path(),
    )


@register.filter
def initials(user: Any) -> str:
    words = str(user).partition("@")[0].replace(".", " ").split()
    return "".join(word[0] for word in words[:2]).upper() or "?"


@register.inclusion_tag("components/map.html")
def station_map(order: str = "worst", ask: bool = False) -> dict[str, Any]:
    """A map of the page's own links that carry `data-pin`; the view needs `cms.maps.with_tiles`."""
    return {"order": order, "ask": ask, "tiles": settings.TILE_URL, "attribution": settings.TILE_ATTRIBUTION}
