"""A station's clock: how it stands, and the correction that a person chooses."""

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.doors import MemberRequest, members_only
from cms.core.errors import Invalid
from stations.diagnostics import spans, timekeeping
from stations.models import ChargingStation
from stations.models.station import CLOCK_ALARM_S, ClockCorrection
from stations.services import clocks
from stations.views import links

CAUSES: dict[str, Promise] = {
    timekeeping.DRIFTING: gettext_lazy("It drifts: nothing sets it."),
    timekeeping.ZONE: gettext_lazy("Whole hours: it sends local time as if it were UTC, or its time zone is wrong."),
    timekeeping.OFF: gettext_lazy("Somebody set it wrong, or it lost its battery."),
    timekeeping.UNSET: gettext_lazy("It was never set. Our own times stand in."),
}


@members_only("station.view")
@require_POST
def correct(request: MemberRequest, key: str) -> HttpResponse:
    station = links.station_or_404(request.user, key)
    given = request.POST.dict()
    seconds = given.get("seconds", "")
    try:
        clocks.correct(
            station=station,
            kind=given.get("kind", "?"),
            seconds=int(seconds) if _is_number(seconds) else 0,
            by=request.user,
        )
        messages.success(request, _("Saved. It holds for charges that begin from now on."))
    except Invalid as wrong:
        messages.error(request, " ".join(str(text) for texts in wrong.fields.values() for text in texts))
    return redirect(links.page(station, "setup"))


def _is_number(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdecimal() and len(digits) < 12


def warning(station: ChargingStation) -> str:
    """For the head of its page; "" while the clock is right."""
    offset = station.clock_offset_s
    return spans.sentence(offset) if offset is not None and abs(offset) > CLOCK_ALARM_S else ""


def shown(station: ChargingStation, zone: ZoneInfo) -> dict[str, Any]:
    """What the card on the set-up tab says: how the clock stands, why, and what can be done. `clock_offers` are (kind, seconds,
    words on the button)."""
    estimate = timekeeping.of(station)
    offset = estimate.offset_s
    standing = timekeeping.standing(offset) if offset is not None else ""
    return {
        "clock_says": _stands(offset, standing),
        "clock_standing": standing,
        "clock_cause": CAUSES.get(standing, ""),
        "clock_drift": spans.signed(estimate.drift_s) if estimate.drift_s else "",
        "clock_jumped": _day(estimate.jumped_at, zone),
        "clock_corrected": _correction(station, zone),
        "clock_since": _day(station.clock_corrected_at, zone),
        "clock_by": station.clock_corrected_by,
        "clock_offers": _offers(station, offset, standing),
        "clock_may": bool(station.clock_correction),
    }


def _stands(offset: int | None, standing: str) -> str:
    if offset is None:
        return _("Nothing was heard yet that tells.")
    if standing == timekeeping.RIGHT:
        return _("Its clock is right.")
    return f"{spans.sentence(offset)}."


def _correction(station: ChargingStation, zone: ZoneInfo) -> str:
    if station.clock_correction == ClockCorrection.SHIFT:
        return _("Corrected by %(span)s") % {"span": spans.signed(station.clock_shift_s)}
    if station.clock_correction == ClockCorrection.LOCAL:
        return _("Read as local time of the site (%(zone)s)") % {"zone": zone.key}
    return ""


def _offers(station: ChargingStation, offset: int | None, standing: str) -> list[tuple[str, int, str]]:
    """A correction that is in force already is added to."""
    if offset is None or standing in ("", timekeeping.RIGHT, timekeeping.UNSET):
        return []
    whole = (
        round(offset / timekeeping.HALF_HOUR_S) * timekeeping.HALF_HOUR_S if standing == timekeeping.ZONE else offset
    )
    seconds = station.clock_shift_s - whole
    offers = []
    if seconds and station.clock_correction != ClockCorrection.LOCAL:
        word = _("Correct by %(span)s") % {"span": spans.signed(seconds)}
        offers.append((ClockCorrection.SHIFT.value, seconds, word))
    if standing == timekeeping.ZONE and station.clock_correction != ClockCorrection.LOCAL:
        offers.append((ClockCorrection.LOCAL.value, 0, _("Local time of the site")))
    return offers


def _day(at: Any, zone: ZoneInfo) -> str:
    return formats.date_format(at.astimezone(zone), "DATETIME_FORMAT") if at else ""
