"""What sessions cost: by their evidence, the version they began with and what their drivers were granted. Writes nothing."""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple
from zoneinfo import ZoneInfo

from billing import pricing
from billing.models import BillingPolicy, TariffVersion
from billing.selectors import session_prices
from billing.selectors.visits import Visits
from billing.services.charges import records, snapshots, terms
from billing.services.fleets import companies
from billing.tariffs import engine, periods, rounding, trace
from billing.tariffs.breakdown import ALONE, Breakdown, Earlier
from billing.tariffs.model import Tariff
from billing.tariffs.terms import Granted
from sessions_app.models import ChargingSession

# What a person must look at before anybody pays. An unset clock is not among it: the receipt times stand in.
HARMLESS = frozenset({"clock"})

# A station that was told anything else began a charge that nobody agreed to (docs/decisions/0007): no fee for it. If it gave
# energy all the same, the session is in review and its price waits for a person.
ACCEPTED = frozenset({"", "Accepted"})

_NO_POLICY = BillingPolicy()
_PAYS_HIMSELF = (None, "")


def of(
    sessions: Sequence[ChargingSession],
    agreed: Mapping[int, session_prices.Agreed] | None = None,
    visits: Visits | None = None,
) -> dict[int, records.Rated]:
    """By session, priced in the order in which they began: what one of them used up of a plan, of a code or of its visit, the next has
    no more. Locks what is left of plans and codes."""
    began_with = session_prices.of(sessions) if agreed is None else agreed
    policies = {p.operator_id: p for p in BillingPolicy.objects.filter(operator__in={s.operator_id for s in sessions})}
    told, visits = pricing.periods_by_session(sessions), visits or pricing.visits_of(sessions)
    granted, payers = terms.for_sessions(sessions), companies.payers(sessions)
    found = {}
    for session in pricing.in_order(sessions):
        version = began_with[session.pk].version
        tariff = pricing.parsed(version) if version else None
        earlier = visits.before(session.pk, version.pk if version else None, tariff)
        evidence = _Evidence(told[session.pk], earlier, granted.of(session.pk))
        policy, payer = policies.get(session.operator_id, _NO_POLICY), payers.get(session.pk, _PAYS_HIMSELF)
        found[session.pk] = rated = _rated(session, version, policy, evidence, payer)
        asked = version is not None and "waived" not in rated.flags
        visits.add(session.pk, version.pk if version and asked else None, rated.breakdown)
        granted.took(rated.granted, rated.breakdown)
    return found


class _Evidence(NamedTuple):
    """`told`: the session's own stretches; `earlier`: the charges of its visit before."""

    told: list[periods.Period]
    earlier: Earlier
    granted: Granted


def _rated(
    session: ChargingSession,
    version: TariffVersion | None,
    policy: BillingPolicy,
    evidence: _Evidence,
    payer: tuple[int | None, str],
) -> records.Rated:
    doubts = set(filter(None, session.review.split(","))) - HARMLESS
    refused = session.authorization not in ACCEPTED
    waived = session.discarded or (policy.waive_empty and not session.energy) or (refused and not doubts)
    zone = pricing.zone_of(session)
    holidays = snapshots.holidays_during(session, pricing.holidays_of(session, version), zone) if version else []
    granted = () if waived else evidence.granted
    breakdown, explained = cost(
        None if waived else version,
        evidence.told,
        zone,
        currency=session.operator.currency,
        earlier=evidence.earlier,
        holidays=frozenset(holidays),
        granted=granted,
    )
    mismatch = breakdown.energy_wh != Fraction(session.energy)
    estimate_allowed = session.estimated and session.energy <= policy.estimated_limit
    flags = {
        "no_tariff": version is None,
        "zero_energy": not session.energy,
        "refused": refused,
        "waived": waived,
        "discarded": session.discarded,
        "estimated": session.estimated,
        "review": bool(doubts),
        "periods_mismatch": mismatch,
        "continues": bool(evidence.earlier.charges),
    }
    held = not session.discarded and (mismatch or (not estimate_allowed and (session.estimated or bool(doubts))))
    raised = tuple(name for name, is_so in flags.items() if is_so)
    return records.Rated(version, breakdown, explained, raised, held, *payer, granted, holidays, evidence.earlier)


def cost(
    version: TariffVersion | None,
    told: Iterable[periods.Period],
    zone: ZoneInfo,
    *,
    currency: str,
    earlier: Earlier = ALONE,
    holidays: Container[date] = frozenset(),
    granted: Granted = (),
) -> tuple[Breakdown, trace.Trace]:
    """What the periods cost by a version; without one (nobody set a price, or it was waived) nothing, in `currency`."""
    if version is not None:
        return pricing.explained(version, told, zone, earlier=earlier, holidays=holidays, granted=granted)
    free = Tariff((), currency, gross=True)
    breakdown = engine.price(free, told, zone)
    return breakdown, trace.of(free, breakdown, rounding.settle(breakdown))
