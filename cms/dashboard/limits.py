"""The power limits of a station in words: what was wished, what the charger made of it, how that is known."""

import json
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cms.templatetags import figures
from sessions_app.models import PowerLimit
from sessions_app.services import power_limits
from stations.models import ChargingStation

Status = PowerLimit.Status

_SIGNS: dict[str, str] = {Status.HOLDS: "good", Status.REFUSED: "bad", Status.IGNORED: "bad"}
_SAYS: dict[str, str | Promise] = {
    Status.TRYING: gettext_lazy("Being sent; not obeyed yet."),
    Status.CHECKING: gettext_lazy("Accepted by the charger; we are asking what it made of it."),
    Status.PROMISED: gettext_lazy("Accepted. The charger cannot say what it made of it: the next charge will show."),
    Status.REFUSED: gettext_lazy("Refused: this charger takes no limit in any way we know."),
    Status.IGNORED: gettext_lazy("Accepted, but more flows all the same. Protect the site in another way."),
    Status.LIFTING: gettext_lazy("Being lifted."),
}


def of(station: ChargingStation, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Those that have not ended, the whole station's first."""
    live = PowerLimit.objects.live().filter(station=station).select_related("requested_by").order_by("evse_id")
    return [_card(limit, zone) for limit in live]


def _card(limit: PowerLimit, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "limit": limit,
        "sign": _SIGNS.get(limit.status, "warn" if limit.status != Status.LIFTING else ""),
        "title": _title(limit),
        "until": date_format(limit.until.astimezone(zone), "j M, H:i") if limit.until else "",
        "says": _says(limit, zone),
        "instead": figures.kw(limit.given_w) if limit.given_w > limit.limit_w else "",
        "tried": _tried(limit),
        "may_lift": limit.status != Status.LIFTING,
    }


def _title(limit: PowerLimit) -> str:
    watts = figures.kw(limit.limit_w)
    if not limit.evse_id:
        return _("The whole station is limited to %(power)s") % {"power": watts}
    return _("Connector %(number)s is limited to %(power)s") % {"number": limit.evse_id, "power": watts}


def _says(limit: PowerLimit, zone: ZoneInfo) -> str:
    if limit.status == Status.HOLDS and limit.proved_at and limit.accepted_at:
        flowed = limit.proved_at >= limit.accepted_at + power_limits.SETTLES
        said = (
            _("Obeyed: seen in what flows, %(at)s.")
            if flowed
            else _("It holds: the charger’s own schedule says so, %(at)s.")
        )
        return said % {"at": date_format(limit.proved_at.astimezone(zone), "j M, H:i")}
    return str(_SAYS.get(limit.status, limit.get_status_display()))


def _tried(limit: PowerLimit) -> str:
    """How many other ways did not work."""
    count = len(json.loads(limit.tried))
    return ngettext("%(n)s other way was tried.", "%(n)s other ways were tried.", count) % {"n": count} if count else ""
