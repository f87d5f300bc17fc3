"""Charts 1, 3 and 8: how much, how long, in which state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from .chart import Chart
from .svg import clock, line, number, percent, rect, seconds, svg, text, time_ticks, x_words


@dataclass(frozen=True, slots=True)
class StateCount:
    """`state` is one of the seven tokens."""

    state: str
    word: str
    count: int
    href: str


@dataclass(frozen=True, slots=True)
class Part:
    start: datetime
    end: datetime
    state: str


@dataclass(frozen=True, slots=True)
class Track:
    name: str
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Split:
    """Shares of the time, 0…1, adding up to 1; `note` stands at the right above the bar."""

    name: str
    charging: float
    idle: float
    free: float
    down: float
    href: str = ""
    note: str = ""


def _icon(state: str) -> SafeString:
    return format_html('<svg class="st" aria-hidden="true"><use href="#{}"/></svg>', state)


def ribbon(counts: Sequence[StateCount]) -> Chart:
    """One bar of all connectors; every state is a link, zero counts are left out of the bar but stay in the key."""
    total, x, body = sum(item.count for item in counts), 0.0, []
    for item in counts:
        if not item.count:
            continue
        width = 100 * item.count / total
        shape = rect(x, 0, max(width - 0.22, 0.35), 28, f"f-{item.state}", extra=' rx="3"')
        body.append(
            f'<a href="{escape(item.href)}" aria-label="{escape(f"{number(item.count)} {item.word}")}">{shape}</a>'
        )
        if width > 6:
            body.append(text(x + 0.8, 19, number(item.count), f"onbar on-{item.state}"))
        x += width
    keys = format_html_join(
        "",
        '<a class="{}" href="{}">{}<b>{}</b> <span>{}</span></a>',
        ((item.state, item.href, _icon(item.state), number(item.count), item.word) for item in counts),
    )
    return Chart(
        svg=svg(28, _("Connectors by state"), body, role="group"),
        question=_("How is the network right now?"),
        head=(_("State"), _("Connectors")),
        rows=[(item.word, number(item.count)) for item in counts],
        key=format_html('<div class="key">{}</div>', keys),
    )


def _track(y: float, track: Track, start: datetime, end: datetime, zone: ZoneInfo, words: Mapping[str, str]) -> str:
    span = seconds(start, end)
    out = text(0, y + 12, track.name, "on")
    for part in track.parts:
        x = 100 * seconds(start, max(part.start, start)) / span
        width = 100 * seconds(max(part.start, start), min(part.end, end)) / span
        if width <= 0:
            continue
        title = f"{clock(part.start, zone)}–{clock(part.end, zone)} {words.get(part.state, part.state)}"
        out += rect(x, y + 20, max(width - 0.12, 0.3), 22, f"f-{part.state}", title, ' rx="2"')
    return out


def strip(
    tracks: Sequence[Track],
    *,
    start: datetime,
    end: datetime,
    now: datetime,
    zone: ZoneInfo,
    words: Mapping[str, str],
) -> Chart:
    """A coloured time line per connector. `words` names the states; time after `now` stays empty."""
    body, y = [], 0.0
    until = 100 * seconds(start, now) / seconds(start, end)
    for track in tracks:
        body.append(_track(y, track, start, end, zone, words))
        if until < 99.5:
            body.append(line(until, 100, y + 42, y + 42, "base", ' stroke-dasharray="2 4"'))
        y += 58
    if 0 < until < 84:
        body.append(text(until + 0.9, 34, _("now %(time)s") % {"time": clock(now, zone)}))
    body.append(x_words(y + 4, time_ticks(start, end, zone, most=4)))
    used = [state for state in words if any(part.state == state for track in tracks for part in track.parts)]
    key = format_html_join("", '<li class="{}">{}{}</li>', ((state, _icon(state), words[state]) for state in used))
    rows = [
        (track.name, f"{_stamp(part.start, zone)}–{_stamp(part.end, zone)}", str(words.get(part.state, part.state)))
        for track in tracks
        for part in track.parts[-12:]
    ]
    return Chart(
        svg=svg(y + 8, _("States of the connectors over time"), body),
        question=_("When did it break, and for how long?"),
        head=(_("Connector"), _("From–to"), _("State")),
        rows=rows,
        key=format_html('<ul class="key plain">{}</ul>', key),
    )


def _stamp(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%d/%m %H:%M}"


def time_split(rows: Sequence[Split]) -> Chart:
    """One bar per site: charging, occupied without charging, free, down."""
    names = {
        "charging": _("Charging"),
        "occupied": _("Occupied, not charging"),
        "available": _("Free"),
        "unavailable": _("Down"),
    }
    body, y = [], 0.0
    for row in rows:
        label = text(0, y + 12, row.name, "on")
        body.append(f'<a href="{escape(row.href)}">{label}</a>' if row.href else label)
        if row.note:
            body.append(text(100, y + 12, row.note, "", "end"))
        x = 0.0
        for state, share in zip(names, (row.charging, row.idle, row.free, row.down), strict=True):
            width = 100 * share
            if width > 0:
                title = f"{row.name}: {names[state]} {percent(share)}"
                body.append(rect(x, y + 20, max(width - 0.22, 0.3), 22, f"f-{state}", title, ' rx="2"'))
            if width > 9:
                body.append(text(x + 0.8, y + 35, percent(share), f"onbar on-{state}"))
            x += width
        y += 54
    key = format_html_join(
        "", '<li class="{}">{}{}</li>', ((state, _icon(state), word) for state, word in names.items())
    )
    return Chart(
        svg=svg(y, _("How the time was spent, by site"), body, role="group"),
        question=_("Too small, blocked by parked cars, or broken?"),
        head=(_("Site"), *names.values()),
        rows=[
            (row.name, percent(row.charging, 1), percent(row.idle, 1), percent(row.free, 1), percent(row.down, 1))
            for row in rows
        ],
        key=format_html('<ul class="key plain">{}</ul>', key),
    )
