"""A clock's offset in words."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

NB = "\u00a0"
DAY_S, HOUR_S, MINUTE_S = 86_400, 3_600, 60
UNSET_S = -6 * 365 * DAY_S  # a wrong clock may be years off; one that was never set starts at its epoch


def words(seconds: int) -> str:
    """The two largest units, e.g. 2 h, 1 min 35 s, 3 days 4 h; no seconds beyond an hour."""
    length = abs(seconds)
    if length >= HOUR_S - MINUTE_S // 2:
        length = round(length / MINUTE_S) * MINUTE_S
    days, rest = divmod(length, DAY_S)
    hours, rest = divmod(rest, HOUR_S)
    minutes, rest = divmod(rest, MINUTE_S)
    told = [ngettext("%(n)s day", "%(n)s days", days) % {"n": days}] if days else []
    told += [f"{n}{NB}{unit}" for n, unit in ((hours, "h"), (minutes, "min"), (rest, "s")) if n]
    return " ".join(told[:2]) or f"0{NB}s"


def signed(seconds: int) -> str:
    """As a correction: −2 h."""
    return f"{'−' if seconds < 0 else '+'}{words(seconds)}"


def sentence(offset_s: int) -> str:
    """How a clock stands that is so many seconds ahead."""
    if offset_s <= UNSET_S:
        return _("Its clock was never set")
    said = _("Its clock is %(span)s ahead") if offset_s > 0 else _("Its clock is %(span)s behind")
    return said % {"span": words(offset_s)}
