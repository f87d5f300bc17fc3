"""What plans and codes grant to charges: asked at rating, and told what was taken.

A charge's grants are frozen in `CDR.terms`; its credit carries the same text and gives back what it took.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from billing.models import CDR, AllowanceUse, PromotionUse, Redemption
from billing.services.fleets import companies
from billing.services.prepaid import promotions
from billing.services.recurring import allowances, usage
from billing.tariffs import terms
from billing.tariffs.breakdown import Breakdown
from billing.tariffs.terms import Granted, Terms
from sessions_app.models import ChargingSession

PERIOD, REDEMPTION = "period:", "redemption:"  # the month of a plan, a code that was entered


class Grants:
    """Asked and told charge by charge, in the order in which they are priced: what one of them took the next has no more."""

    def __init__(self, plans: allowances.Months, codes: promotions.Codes) -> None:
        self._plans = plans
        self._codes = codes

    def of(self, session_id: int) -> Granted:
        """The plan before the code; nothing where the charge costs what the tariff says."""
        left, code = self._plans.left(session_id), self._codes.left(session_id)
        plan = left and Terms(left.energy_wh, left.seconds, label=left.label, source=f"{PERIOD}{left.period_id}")
        return tuple(one for one in (plan, code and _as_terms(code)) if one)

    def took(self, granted: Granted, breakdown: Breakdown) -> None:
        """What a charge makes of them; as it is kept, so that the next finds what it would find had this one been rated before."""
        for one in granted:
            used = terms.used(breakdown, one)
            if one.source.startswith(PERIOD):
                self._plans.take(int(one.source.removeprefix(PERIOD)), _wh(used.wh), round(used.seconds))
            elif used:
                self._codes.take(int(one.source.removeprefix(REDEMPTION)))


def for_sessions(sessions: Sequence[ChargingSession], *, lock: bool = True) -> Grants:
    """A driver's own plan and codes do not count where a company pays. With `lock` (for rating, in its transaction) what is left stays
    so until it is told what was taken."""
    charges = [session for session in sessions if session.driver_id and not session.discarded]
    paid_for = companies.payers(charges) if charges else {}
    own = [session for session in charges if session.pk not in paid_for]
    return Grants(allowances.of_sessions(own, lock=lock), promotions.codes(own, lock=lock))


def used(cdrs: Sequence[CDR]) -> None:
    """New records, credits among them: in the transaction that wrote them."""
    rated = [
        (cdr.pk, granted.source, took) for cdr in cdrs if not cdr.credits_id for granted, took in terms.uses(cdr.terms)
    ]
    usage.take(
        allowances.Use(pk, int(source.removeprefix(PERIOD)), _wh(took.wh), round(took.seconds))
        for pk, source, took in rated
        if source.startswith(PERIOD)
    )
    promotions.used(
        promotions.Use(pk, int(source.removeprefix(REDEMPTION)))
        for pk, source, took in rated
        if source.startswith(REDEMPTION) and took
    )
    allowances.give_back({cdr.pk: cdr.credits_id for cdr in cdrs if cdr.credits_id and cdr.terms})


def _as_terms(code: promotions.Discount) -> Terms:
    source = f"{REDEMPTION}{code.redemption_id}"
    return Terms(code.energy_wh, 0, code.percent, code.amount, code.label, source)


class Contradiction(NamedTuple):
    """What a record says of its grants, and what the books of plans and codes say."""

    what: str
    kept: Any
    told: Any


def contradictions(cdrs: Sequence[CDR]) -> dict[int, list[Contradiction]]:
    """By primary key, for rerating: nobody can grant a charge what no plan and no code of its driver gives. Three queries."""
    ids = [cdr.pk for cdr in cdrs]
    months = {
        use.cdr_id: use
        for use in AllowanceUse.objects.filter(cdr__in=ids).select_related("period__subscription", "period__version")
    }
    uses = PromotionUse.objects.filter(cdr__in=ids).select_related("redemption__promotion")
    codes = {use.cdr_id: use.redemption for use in uses}
    found = {}
    for cdr in cdrs:
        if cdr.terms or cdr.pk in months or cdr.pk in codes:
            month, code = months.get(cdr.pk), codes.get(cdr.pk)
            if wrong := [one for one in _booked(cdr, month, code) if one.kept != one.told]:
                found[cdr.pk] = wrong
    return found


def _booked(cdr: CDR, month: AllowanceUse | None, code: Redemption | None) -> Iterator[Contradiction]:
    granted = {one.source.partition(":")[0] + ":": (one, took) for one, took in terms.uses(cdr.terms)}
    _plan, took = granted.get(PERIOD, (None, terms.Used()))
    booked = _amounts(month.energy, month.seconds) if month else _amounts(Decimal(0), 0)
    yield Contradiction("allowance_use", _amounts(_wh(took.wh), round(took.seconds)), booked)
    if month and _plan:
        whose, period = month.period.subscription.driver_id, month.period
        yield Contradiction("allowance_use.driver", cdr.driver_id, whose)
        # who withdrew from a plan is left with less than the month had included before
        wh = max(period.energy, period.version.included_energy)
        seconds = max(period.seconds, period.version.included_seconds)
        enough = _plan.allowance_wh <= Fraction(wh) and _plan.allowance_s <= seconds
        yield Contradiction("terms.allowance", enough and not (_plan.discount_percent or _plan.discount_amount), True)
    _code, took = granted.get(REDEMPTION, (None, terms.Used()))
    yield Contradiction("promotion_use", bool(took), code is not None)
    if code and _code:
        yield Contradiction("promotion_use.driver", cdr.driver_id, code.driver_id)
        yield Contradiction("terms.discount", _code, _as_terms(promotions.given_by(code)))


def _amounts(wh: Decimal, seconds: int) -> str:
    return f"{wh.normalize():f} Wh, {seconds} s"


def _wh(value: Fraction) -> Decimal:
    """To the milliwatt-hour, as energy is kept."""
    return Decimal(round(value * 1000)) / 1000
