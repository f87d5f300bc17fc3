"""What the earlier charges of a visit (quirk 48) cost, for the charge that goes on from them."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from billing.models import CDR
from billing.tariffs import trace, visits
from billing.tariffs.breakdown import ALONE, Breakdown, Earlier
from billing.tariffs.model import Tariff
from billing.tariffs.periods import Period
from billing.tariffs.visits import Cost
from sessions_app.models import ChargingSession

Chains = Mapping[int, Sequence[ChargingSession]]


class Visits:
    """`chains`: the charges before each, oldest first (`sessions_app.selectors.earlier_by_session`); `told`: the stretches of all of
    them. What they cost is what their records say, or what `add` was told since: charges that are priced together are priced in the
    order in which they began."""

    def __init__(self, chains: Chains, told: Mapping[int, Sequence[Period]]) -> None:
        self.chains = chains
        self._told = told
        self._costs = _recorded({one.pk for chain in chains.values() for one in chain})

    def unrated(self, but: Collection[int]) -> list[ChargingSession]:
        """Charges of these visits, `but` for some, that have no record."""
        members = {one.pk: one for chain in self.chains.values() for one in chain}
        return [one for pk, one in members.items() if pk not in self._costs and pk not in but]

    def before(self, session_id: int, version_id: int | None, tariff: Tariff | None) -> Earlier:
        chain = self.chains.get(session_id)
        if not chain:
            return ALONE
        costs = {one.pk: self._costs.get(one.pk, visits.FREE) for one in chain}
        return visits.earlier(costs, self.periods(session_id), version=version_id, tariff=tariff)

    def periods(self, session_id: int) -> list[Period]:
        return [period for one in self.chains.get(session_id, ()) for period in self._told[one.pk]]

    def add(self, session_id: int, version_id: int | None, breakdown: Breakdown) -> None:
        """Without a version it was waived, or nobody had set a price."""
        self._costs[session_id] = visits.FREE if version_id is None else visits.cost(version_id, breakdown)


def _recorded(sessions: Iterable[int]) -> dict[int, Cost]:
    """By the newest record that is no credit, even where a person took it back: then the visit was not priced anew."""
    wanted = list(sessions)
    if not wanted:
        return {}
    columns = ("session_id", "credits_id", "tariff_version_id", "flags", "trace", "exact_excl_vat", "exact_incl_vat")
    rows = CDR.objects.filter(session__in=wanted).order_by("revision").values_list(*columns)
    return {
        session: visits.recorded(version, trace.loads(said), excl_vat, incl_vat)
        if version and "waived" not in flags.split(",")
        else visits.FREE
        for session, credits, version, flags, said, excl_vat, incl_vat in rows
        if credits is None  # asked for in SQL, SQLite would look through all records that credit nothing
    }
