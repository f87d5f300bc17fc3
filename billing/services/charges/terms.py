"""What plans and codes grant to charges: asked at rating, and told what was taken.

A charge's grants are frozen in `CDR.terms`; its credit carries the same text and gives back what it took.
"""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from billing.models import CDR
from billing.services.fleets import companies
from billing.services.prepaid import promotions
from billing.services.recurring import allowances, usage
from billing.tariffs import terms
from billing.tariffs.terms import Terms
from sessions_app.models import ChargingSession

PERIOD, REDEMPTION = "period:", "redemption:"  # the month of a plan, a code that was entered


def for_sessions(sessions: Sequence[ChargingSession], *, lock: bool = True) -> dict[int, tuple[Terms, ...]]:
    """By session, the plan before the code; sessions without an entry cost what the tariff says. A driver's own plan and codes
    do not count where a company pays. Earlier charges are served first. With `lock` (for rating, in its transaction) what is left stays so until it is told what was taken."""
    if not any(session.driver_id for session in sessions):
        return {}
    paid_for = companies.payers(sessions)
    own = (session for session in sessions if session.pk not in paid_for)
    ordered = sorted(own, key=lambda session: (session.started_at, session.pk))
    found: dict[int, tuple[Terms, ...]] = {}
    for pk, left in allowances.of_sessions(ordered, lock=lock).items():
        found[pk] = (Terms(left.energy_wh, left.seconds, label=left.label, source=f"{PERIOD}{left.period_id}"),)
    for pk, code in promotions.discounts(ordered, lock=lock).items():
        source = f"{REDEMPTION}{code.redemption_id}"
        found[pk] = (*found.get(pk, ()), Terms(code.energy_wh, 0, code.percent, code.amount, code.label, source))
    return found


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


def _wh(value: Fraction) -> Decimal:
    """To the milliwatt-hour, as energy is kept."""
    return Decimal(round(value * 1000)) / 1000
