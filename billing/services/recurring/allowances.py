"""What a plan includes, used up by charges in the order in which they are rated. Frozen in the charge's record: rating it again
needs nothing from here."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.db.models import QuerySet, Sum
from django.utils import timezone

from accounts.models import CompanyMember
from billing.models import AllowanceUse, PlanVersion, SubscriptionFee, SubscriptionPeriod
from cms.core import energy, rows
from sessions_app.models import ChargingSession


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left in a month for one charge: `energy_wh`, and `seconds` of charging. `label` is the plan's name."""

    period_id: int
    label: str
    energy_wh: Fraction
    seconds: int


@dataclass(frozen=True, slots=True)
class Use:
    """What a charge record took: Wh and seconds."""

    cdr_id: int
    period_id: int
    energy_wh: Decimal
    seconds: int


class Months:
    """What is left of the months of some charges while they are priced one after the other: whoever is asked for first is served
    first."""

    def __init__(self, belongs: Mapping[int, SubscriptionPeriod], left: dict[int, tuple[Decimal, int]]) -> None:
        self._belongs = belongs
        self._left = left

    def left(self, session_id: int) -> Allowance | None:
        """None without a plan, and where nothing is left of it."""
        period = self._belongs.get(session_id)
        wh, seconds = self._left[period.pk] if period else (Decimal(0), 0)
        if period is None or not (wh or seconds):
            return None
        return Allowance(period.pk, period.version.plan.name, Fraction(wh), seconds)

    def take(self, period_id: int, energy_wh: Decimal, seconds: int) -> None:
        wh, s = self._left[period_id]
        self._left[period_id] = max(wh - energy_wh, Decimal(0)), max(s - seconds, 0)


def of_sessions(sessions: Sequence[ChargingSession], *, lock: bool = True) -> Months:
    """Three queries, however many they are. A charge belongs to the month in which it began, whenever it ended. With `lock` the months
    are locked, in the order of their keys, until the transaction ends."""
    eligible = [session for session in sessions if session.driver_id and not session.discarded]
    periods = _periods(eligible, lock=lock)
    found = {session: period for session in eligible if (period := _month_of(session, periods))}
    if not found:
        return Months({}, {})
    left = _left({period.pk: period for period in found.values()}, without=[s.pk for s in eligible])
    places = _places({period.version_id for period in found.values()})
    return Months({s.pk: p for s, p in found.items() if _in_scope(s, places.get(p.version_id))}, left)


def take(uses: Iterable[Use]) -> None:
    """What rated charges took. In the transaction of the rating; a second time for the same record changes nothing."""
    columns = ("period_id", "cdr_id", "energy", "seconds")
    taken = [
        (use.period_id, use.cdr_id, energy.to_mwh(use.energy_wh), use.seconds)
        for use in uses
        if use.energy_wh or use.seconds
    ]
    rows.insert_new(AllowanceUse, columns, taken, conflict=("cdr_id",))


def give_back(credits: Mapping[int, int]) -> None:
    """`credits`: credit record → the record it takes back, both primary keys."""
    used = {use.cdr_id: use for use in AllowanceUse.objects.filter(cdr__in=list(credits.values()))}
    take(
        Use(credit, used[taken_back].period_id, -used[taken_back].energy, -used[taken_back].seconds)
        for credit, taken_back in credits.items()
        if taken_back in used
    )


def used(periods: Sequence[SubscriptionPeriod]) -> dict[int, tuple[Decimal, int]]:
    """Wh and seconds that were taken so far, by the month's primary key."""
    return _used(AllowanceUse.objects.filter(period__in=[period.pk for period in periods]))


def plans_of(sessions: Sequence[ChargingSession]) -> dict[int, int]:
    """The plan under which each charge began, for its price; charges without one are left out. One query."""
    drivers = {session.driver_id for session in sessions if session.driver_id}
    if not drivers:
        return {}
    began: dict[tuple[int, int], list[SubscriptionFee]] = defaultdict(list)
    first, last = (edge(session.started_at for session in sessions) for edge in (min, max))
    fees = SubscriptionFee.objects.filter(
        subscription__driver__in=drivers, period__begins_at__lte=last, period__ends_at__gt=first
    )
    for fee in fees.select_related("subscription", "period", "version").order_by("-since", "-pk"):
        began[fee.subscription.operator_id, fee.subscription.driver_id].append(fee)
    found = {s.pk: _plan_at(began.get((s.operator_id, s.driver_id or 0), []), s) for s in sessions}
    return {pk: plan for pk, plan in found.items() if plan is not None}


def plan_now(*, operator_id: int, driver_id: int) -> int | None:
    """The plan under which a charge that begins now would be priced; a company pays without its drivers' own plans."""
    now = timezone.now()
    if CompanyMember.objects.filter(driver=driver_id, left_at=None).exists():
        return None
    running = SubscriptionFee.objects.filter(
        subscription__operator=operator_id,
        subscription__driver=driver_id,
        since__lte=now,
        period__begins_at__lte=now,
        period__ends_at__gt=now,
    )
    return running.order_by("-since", "-pk").values_list("version__plan_id", flat=True).first()


# ---- which month, and what is left in it --------------------------------------------------------------------------------


def _periods(sessions: Sequence[ChargingSession], *, lock: bool) -> dict[tuple[int, int], list[SubscriptionPeriod]]:
    """By operator and driver."""
    if not sessions:
        return {}
    first, last = (edge(session.started_at for session in sessions) for edge in (min, max))
    rows_ = SubscriptionPeriod.objects.select_for_update(of=("self",)) if lock else SubscriptionPeriod.objects.all()
    wanted = rows_.filter(
        subscription__driver__in={session.driver_id for session in sessions}, begins_at__lte=last, ends_at__gt=first
    )
    found: dict[tuple[int, int], list[SubscriptionPeriod]] = defaultdict(list)
    for period in wanted.select_related("subscription", "version__plan").order_by("pk"):
        found[period.subscription.operator_id, period.subscription.driver_id].append(period)
    return found


def _month_of(
    session: ChargingSession, periods: Mapping[tuple[int, int], list[SubscriptionPeriod]]
) -> SubscriptionPeriod | None:
    mine = periods.get((session.operator_id, session.driver_id or 0), ())
    return next((period for period in mine if period.begins_at <= session.started_at < period.ends_at), None)


def _left(periods: Mapping[int, SubscriptionPeriod], *, without: Sequence[int]) -> dict[int, tuple[Decimal, int]]:
    """Without what these sessions took when they were rated before: that is given back when they are rated again."""
    used_up = _used(AllowanceUse.objects.filter(period__in=list(periods)).exclude(cdr__session__in=without))
    nothing = (Decimal(0), 0)
    return {
        pk: (
            max(period.energy - used_up.get(pk, nothing)[0], Decimal(0)),
            max(period.seconds - used_up.get(pk, nothing)[1], 0),
        )
        for pk, period in periods.items()
    }


def _used(uses: "QuerySet[AllowanceUse]") -> dict[int, tuple[Decimal, int]]:
    summed = uses.values("period_id").order_by("period_id").annotate(wh=Sum("energy"), s=Sum("seconds"))
    return {row["period_id"]: (row["wh"] or Decimal(0), row["s"] or 0) for row in summed}


def _places(version_ids: set[int]) -> dict[int, set[int]]:
    """Versions that count at some locations only."""
    found: dict[int, set[int]] = defaultdict(set)
    links = PlanVersion.locations.through.objects.filter(planversion__in=version_ids)
    for version, location in links.values_list("planversion_id", "location_id"):
        found[version].add(location)
    return found


def _in_scope(session: ChargingSession, places: set[int] | None) -> bool:
    return not places or session.location_id in places


def _plan_at(newest_first: Sequence[SubscriptionFee], session: ChargingSession) -> int | None:
    for fee in newest_first:
        month = fee.period
        if month and fee.since <= session.started_at and month.begins_at <= session.started_at < month.ends_at:
            return fee.version.plan_id
    return None
