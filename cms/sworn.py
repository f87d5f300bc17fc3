"""What a meter signed about a charge, as people read it: the result in one sentence, the readings, the records to take away."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cms.templatetags import figures
from sessions_app.metering import signed, transparency
from sessions_app.metering.signed import Checked, Sworn
from sessions_app.metering.transparency import Value
from sessions_app.selectors.proof import TOLERANCE, Proof
from stations.models import MeterKey

VALID: Final = "valid"
UNKNOWN: Final = "unknown"
WRONG: Final = "wrong"
MOST: Final = 8  # some meters sign every minute

STATUSES = {
    signed.VALID: gettext_lazy("signature valid"),
    signed.INVALID: gettext_lazy("signature does not hold"),
    signed.NO_KEY: gettext_lazy("not checked: no key registered"),
    signed.FOREIGN: gettext_lazy("not checked: another format"),
    signed.UNREADABLE: gettext_lazy("unreadable"),
}
_WHY = {  # of metering.signed.ISSUES, where no record is at fault
    "missing_begin": gettext_lazy("the signed reading of the begin is missing"),
    "missing_end": gettext_lazy("the signed reading of the end is missing"),
    "pagination": gettext_lazy("a record in between is missing"),
    "other_meter": gettext_lazy("the records are of different meters"),
    "negative": gettext_lazy("the meter shows less at the end than at the begin"),
}


class Verdict(NamedTuple):
    """`state` is VALID, UNKNOWN or WRONG."""

    state: str
    sentence: str


class Mark(NamedTuple):
    """A signed reading. `sound`: the meter reports no error about it."""

    word: str
    at: datetime
    register: str
    sound: bool


class Shown(NamedTuple):
    """A record to look at and to take away. `number` counts from 1."""

    number: int
    context: str
    status: str
    is_valid: bool
    text: str
    meter: str


class Panel(NamedTuple):
    """`records`: the first MOST that say begin or end, or do not hold; `total` is how many there are in all."""

    verdict: Verdict
    marks: Sequence[Mark]
    signed_energy: str
    records: Sequence[Shown]
    total: int
    key: MeterKey | None
    fingerprint: str
    meter: str


def panel(found: Proof, billed: Decimal) -> Panel:
    """`billed` in Wh."""
    key, mwh = found.key, found.total.mwh
    return Panel(
        verdict=verdict(found, billed),
        marks=_marks(found),
        signed_energy="" if mwh is None else _exact(mwh),
        records=_worth_showing(found),
        total=len(found.records),
        key=key,
        fingerprint=signed.fingerprint(key.public_key) if key else "",
        meter=next((one.meter for one in found.records if one.meter), key.meter_serial if key else ""),
    )


def verdict(found: Proof, billed: Decimal) -> Verdict:
    mwh = int(billed * 1000)
    if found.is_broken:
        return Verdict(WRONG, _("A signature does not hold: the record is not what the meter signed."))
    if found.contradicts(mwh):
        return Verdict(WRONG, _contradiction(found, mwh))
    if found.holds:
        energy = _exact(found.total.mwh or 0)
        return Verdict(VALID, _("Valid: the meter itself signed the %(energy)s of this charge.") % {"energy": energy})
    return Verdict(UNKNOWN, _("It cannot be checked, because %(why)s.") % {"why": _why(found)})


def document(found: Proof, *, transaction: int, number: int | None = None) -> str:
    """All records, or the one of this `number` (from 1), as a file of the transparency software. IndexError."""
    values = [Value(one, key.public_key if key else "") for one, key in zip(found.records, found.keys, strict=True)]
    return transparency.document(values if number is None else [values[number - 1]], transaction=transaction)


def _contradiction(found: Proof, mwh: int) -> str:
    sworn = found.total.mwh or 0
    if abs(sworn - mwh) > TOLERANCE:
        said: dict[str, Any] = {"signed": _exact(sworn), "billed": _exact(mwh)}
        return _("It does not match: the meter signed %(signed)s, the charge counts %(billed)s.") % said
    return _("The meter itself reports an error about its readings.")


def _why(found: Proof) -> str:
    statuses = {one.status for one in found.records}
    if signed.FOREIGN in statuses:
        return _("the records are in a format that only the meter’s own software reads")
    if signed.NO_KEY in statuses:
        return _("nobody has registered the public key of this meter yet")
    return str(next((_WHY[issue] for issue in found.total.issues if issue in _WHY), _("the records are incomplete")))


def _marks(found: Proof) -> list[Mark]:
    begin, end = found.ends
    return [_mark(str(word), one) for word, one in ((_("Begin"), begin), (_("End"), end)) if one is not None]


def _mark(word: str, one: Sworn) -> Mark:
    return Mark(word, one.at, figures.meter(Decimal(one.register) / 1000), one.sound)


def _worth_showing(found: Proof) -> list[Shown]:
    shown = [_shown(number, one) for number, one in enumerate(found.records, start=1)]
    if len(shown) > MOST:
        telling = {n for n, one in enumerate(found.records, start=1) if any(reading.kind for reading in one.readings)}
        shown = [one for one in shown if one.number in telling or not one.is_valid]
    return shown[:MOST]


def _shown(number: int, one: Checked) -> Shown:
    return Shown(
        number,
        transparency.context_of(one),
        str(STATUSES[one.status]),
        one.status == signed.VALID,
        one.record.text,
        one.meter,
    )


def _exact(mwh: int) -> str:
    return figures.kwh(Decimal(mwh) / 1000, 3)
