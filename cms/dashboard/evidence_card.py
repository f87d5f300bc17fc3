"""The energy of a charge with its proof: every figure that the evidence gives, which one counts and why, and the picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cms import charts
from cms.core import energy
from cms.templatetags import figures
from sessions_app import selectors
from sessions_app.models import ChargingSession
from sessions_app.selectors import doubts

_FIGURES = {  # sessions_app.engine.energy: the sources
    "person": gettext_lazy("Corrected by a person"),
    "transaction": gettext_lazy("Meter at the end less meter at the start"),
    "own_register": gettext_lazy("Readings of this charge"),
    "free_register": gettext_lazy("Readings of the connector"),
    "bound": gettext_lazy("At most, by the start of the next charge"),
    "intervals": gettext_lazy("Sum of the energy of each interval"),
    "power": gettext_lazy("Power over the time"),
}
_WHY = {
    "person": gettext_lazy("A person has said how much it was: that counts above everything the charger says."),
    "transaction": gettext_lazy("The charger told its meter at the start and at the end: the difference counts."),
    "own_register": gettext_lazy("The meter at the start or at the end is missing: the readings in between count."),
    "free_register": gettext_lazy("No reading names this charge: those of its connector count, for nobody else charged there."),
    "bound": gettext_lazy("The charger told neither readings nor the end: the meter at the start of the next charge is the most that it can have been."),
    "intervals": gettext_lazy("There is no reading of the meter: the energy of each interval was added up. It is an estimate."),
    "power": gettext_lazy("There is no reading of the meter: the energy follows from the power over the time. It is an estimate."),
    "nothing": gettext_lazy("Nothing was measured."),
}  # fmt: skip
_NOTES = {
    "register_wrapped": gettext_lazy("the meter passed its highest number and went on from zero"),
    "register_glitch": gettext_lazy("a reading that contradicts those around it is left out"),
    "session_register": gettext_lazy("the readings count from zero in every charge"),
    "signed": gettext_lazy("readings are signed by the meter"),
}
_BREAKS = {
    "register_reset": gettext_lazy("began again"),
    "register_jump": gettext_lazy("jumped"),
    "register_wrapped": gettext_lazy("passed its highest number"),
    "register_glitch": gettext_lazy("one value left out"),
}
_LATE = timedelta(minutes=2)  # a message that is heard later than this was kept, or the clocks differ


@dataclass(frozen=True, slots=True)
class Figure:
    word: Promise | str
    text: str
    counts: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """`at` by the station's clock, `heard` by ours; `late` how far they are apart, None where it is no matter."""

    word: str
    wh: Decimal
    at: datetime | None
    heard: datetime | None
    late: timedelta | None


@dataclass(frozen=True, slots=True)
class Card:
    """`uncertainty` in Wh either way, None where nothing is known. `chart` is None where there is nothing to draw."""

    figures: Sequence[Figure]
    why: str
    marks: Sequence[Mark]
    uncertainty: Decimal | None
    notes: Sequence[str]
    chart: charts.Chart | None
    answer: str


def of(session: ChargingSession, zone: ZoneInfo) -> Card:
    account = selectors.account_of(session)
    registers = selectors.registers(session)
    shown = [
        Figure(_FIGURES.get(one.source, one.source), signed(energy.from_mwh(one.mwh)), one.counts)
        for one in account.figures
        if one.mwh is not None
    ]
    marks = [
        Mark(word, energy.from_mwh(mark.register), mark.at, mark.heard, _late(mark.at, mark.heard))
        for word, mark in ((_("Meter at start"), account.start), (_("Meter at end"), account.stop))
        if mark is not None
        and (word == _("Meter at start") or session.stopped_at or account.settled.source != "transaction")
    ]
    nothing = account.settled.source == "nothing"
    return Card(
        figures=shown,
        why=_why(session, account),
        marks=marks,
        uncertainty=None if nothing else energy.from_mwh(account.uncertainty),
        notes=_notes(account),
        chart=_chart(session, registers, zone),
        answer=_answer(session, registers),
    )


def _why(session: ChargingSession, account: selectors.Account) -> str:
    source = account.settled.source
    if session.stopped_at is None and source in ("own_register", "free_register"):
        return _("The charge still runs: the newest reading counts so far.")
    told = next((one.mwh for one in account.figures if one.source == "transaction"), None)
    if source == "own_register" and told is not None:
        said = _("The meter at the start and at the end contradict each other (%(difference)s): the readings count.")
        return said % {"difference": signed(energy.from_mwh(told))}
    return str(_WHY[source])


def signed(wh: Decimal) -> str:
    """In kWh with a true minus sign: a difference may be negative."""
    return f"{'−' if wh < 0 else ''}{figures.meter(abs(wh))}"


def _notes(account: selectors.Account) -> list[str]:
    told = [_note(word) for word in dict.fromkeys((*account.settled.reasons, *account.notes))]
    if account.scale != 1 and "scale" not in (*account.settled.reasons, *account.notes):
        told.append(_note("scale"))
    if account.unseen_s:
        told.append(_("nobody counted for %(span)s around it") % {"span": figures.duration(account.unseen_s)})
    return told


def _note(word: str) -> str:
    kind, _colon, what = word.partition(":")
    if kind == "unit":
        return _("a value in %(unit)s, which is no unit that we know, is left out") % {"unit": what}
    if kind == "range":
        return _("a value that cannot be true is left out (%(what)s)") % {"what": what}
    return str(_NOTES.get(word) or doubts.WORDS.get(word) or word)


def _late(at: datetime | None, heard: datetime | None) -> timedelta | None:
    return abs(heard - at) if at and heard and abs(heard - at) > _LATE else None


def _chart(session: ChargingSession, registers: selectors.Registers, zone: ZoneInfo) -> charts.Chart | None:
    marks = [charts.Mark(session.started_at, _("Start"), Decimal(0))]
    if session.stopped_at:
        marks.append(charts.Mark(session.stopped_at, _("End"), session.energy))
    if len(registers.points) + len(marks) < 2:
        return None
    return charts.registers(
        [charts.Reading(*point) for point in registers.points],
        zone=zone,
        total=session.energy,
        marks=marks,
        breaks=[charts.Mark(one.at, str(_BREAKS.get(one.kind, one.kind))) for one in registers.breaks],
    )


def _answer(session: ChargingSession, registers: selectors.Registers) -> str:
    n = len(registers.points)
    said = ngettext("%(energy)s, with %(n)s reading on the way", "%(energy)s, with %(n)s readings on the way", n)
    said %= {"energy": figures.kwh(session.energy), "n": n}
    moments = [
        session.started_at,
        *(p.at for p in registers.points),
        *([session.stopped_at] if session.stopped_at else []),
    ]
    longest = max((after - before for before, after in pairwise(sorted(moments))), default=timedelta(0))
    return said + "; " + _("at most %(span)s without one.") % {"span": figures.duration(longest)}
