"""A charge told in sentences: the numbered events beside its curve, and the paragraph above it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cms.dashboard.selectors.sessions import Bill
from cms.templatetags import figures
from sessions_app.models import ChargingSession
from sessions_app.selectors import CurvePoint
from sessions_app.selectors import doubts as reasons

POWERED_W = 100
SILENT = timedelta(minutes=3)
REASONS = {
    "Local": gettext_lazy("Stopped at the charger"),
    "Remote": gettext_lazy("Stopped remotely"),
    "EVDisconnected": gettext_lazy("Cable pulled at the car"),
    "StoppedByEV": gettext_lazy("Stopped by the car"),
    "DeAuthorized": gettext_lazy("Stopped: the card was refused"),
    "PowerLoss": gettext_lazy("Power loss at the charger"),
    "Reboot": gettext_lazy("The charger restarted"),
    "HardReset": gettext_lazy("Stopped by a restart"),
    "SoftReset": gettext_lazy("Stopped by a restart"),
    "ImmediateReset": gettext_lazy("Stopped by a restart"),
    "EmergencyStop": gettext_lazy("Emergency button pressed"),
    "UnlockCommand": gettext_lazy("Stopped to unlock the cable"),
    "EnergyLimitReached": gettext_lazy("Energy limit reached"),
    "TimeLimitReached": gettext_lazy("Time limit reached"),
    "SOCLimitReached": gettext_lazy("Battery limit reached"),
    "Timeout": gettext_lazy("No cable was plugged in"),
    "Other": gettext_lazy("Ended at the charger, which gave no reason"),
}
REFUSALS = {  # what the station was told about the card, and what to do about it
    "Blocked": gettext_lazy("The card or its driver is blocked: see Drivers."),
    "Expired": gettext_lazy("The card has expired: see its page."),
    "ConcurrentTx": gettext_lazy("The card was charging somewhere else."),
    "Unknown": gettext_lazy("Nobody here knows the card: it may be a partner’s, or new."),
    "NoCredit": gettext_lazy(
        "Nobody would pay: a budget is used up, a wallet is empty, or a bill is overdue. See the driver’s page."
    ),
}


@dataclass(frozen=True, slots=True)
class Event:
    number: int
    at: datetime
    title: str
    detail: str = ""


def events(session: ChargingSession, points: Sequence[CurvePoint], bill: Bill, who: str) -> list[Event]:
    """In the order of time, numbered from 1."""
    told = [(session.started_at, _("Charge began"), who)]
    if session.authorization in REFUSALS:
        told.append((session.started_at, _("The card was refused"), str(REFUSALS[session.authorization])))
    flowing = next((point for point in points if (point.power_w or 0) > POWERED_W), None)
    if flowing:
        told.append((flowing.at, _("Energy flows"), _meter(session.meter_start)))
    for before, after in pairwise(points):
        if after.at - before.at > max(SILENT, 3 * _interval(points)):
            words = {"span": figures.duration(after.at - before.at)}
            told.append((before.at, _("No readings for %(span)s") % words, ""))
    ending = [point for point in points if (point.power_w or 0) > POWERED_W]
    if ending and session.stopped_at and session.stopped_at - ending[-1].at > SILENT:
        told.append((ending[-1].at, _("The car stopped taking energy"), _("It stayed plugged in.")))
    if session.stopped_at:
        told.append((session.stopped_at, reason(session), _meter(session.meter_stop)))
    if bill.cdr:
        paid = figures.money(bill.cdr.total_incl_vat, bill.cdr.currency)
        told.append((bill.cdr.created_at, _("Priced: %(amount)s") % {"amount": paid}, bill.tariff))
    told.sort(key=lambda event: event[0])
    return [Event(number, *event) for number, event in enumerate(told, 1)]


def reason(session: ChargingSession) -> str:
    """Why it ended, in words; the protocol's own word where we know no better."""
    if session.discarded:
        return _("Discarded: no charge")
    if session.closed_by_us:
        return _("Ended in our books, by a person")
    word = session.stop_reason or ""
    return str(REASONS.get(word, word or _("Ended")))


def doubts(session: ChargingSession) -> list[Promise | str]:
    return reasons.told(session.review.split(","))


def summary(session: ChargingSession, bill: Bill, who: str) -> list[str]:
    """Sentences: who (people.who), where, how much, how it ended."""
    place = session.location.name if session.location else session.station.identity
    words = {"who": who, "place": place, "energy": figures.kwh(session.energy)}
    if session.stopped_at is None:
        return [_("%(who)s is charging at %(place)s; %(energy)s so far.") % words]
    words["span"] = figures.duration(session.stopped_at - session.started_at)
    told = [_("%(who)s charged at %(place)s: %(energy)s in %(span)s.") % words, reason(session) + "."]
    if bill.cost:
        told.append(_("%(amount)s in all, VAT included.") % {"amount": _total(bill)})
    if session.estimated:
        told.append(_("The energy is estimated: readings are missing."))
    return told


def _total(bill: Bill) -> str:
    assert bill.cost is not None
    return figures.money(bill.cost.incl_vat, bill.cost.currency)


def _meter(wh: Decimal | None) -> str:
    return "" if wh is None else _("Meter %(value)s") % {"value": figures.meter(wh)}


def _interval(points: Sequence[CurvePoint]) -> timedelta:
    """The usual distance of two readings."""
    gaps = sorted(after.at - before.at for before, after in pairwise(points))
    return gaps[len(gaps) // 2] if gaps else timedelta()
