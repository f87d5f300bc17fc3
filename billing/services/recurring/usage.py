"""How much of a month's allowance is used, and telling the driver at 80 and at 100 %, once each."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from billing.models import SubscriptionPeriod
from billing.services.fleets import companies
from billing.services.recurring import allowances, histories
from sessions_app import selectors
from sessions_app.models import ChargingSession

LEVELS = (100, 80)


@dataclass(frozen=True, slots=True)
class Meter:
    """Wh and seconds: what a month includes and what was taken of it."""

    energy: Decimal
    energy_used: Decimal
    seconds: int
    seconds_used: int

    @property
    def energy_left(self) -> Decimal:
        return max(self.energy - self.energy_used, Decimal(0))

    @property
    def seconds_left(self) -> int:
        return max(self.seconds - self.seconds_used, 0)

    @property
    def percent(self) -> int:
        """Of what is used up sooner, rounded down: 100 only when nothing is left."""
        shares = [used * 100 / of for used, of in self._pairs() if of]
        return max(0, int(max(shares, default=Decimal(0))))

    @property
    def energy_percent(self) -> int:
        return max(0, int(self.energy_used * 100 / self.energy)) if self.energy else 0

    @property
    def seconds_percent(self) -> int:
        return max(0, self.seconds_used * 100 // self.seconds) if self.seconds else 0

    @property
    def level(self) -> int:
        """0, 80 or 100."""
        return next((level for level in LEVELS if self.percent >= level), 0)

    def _pairs(self) -> tuple[tuple[Decimal, Decimal], ...]:
        return ((self.energy_used, self.energy), (Decimal(self.seconds_used), Decimal(self.seconds)))


def meters(periods: Iterable[SubscriptionPeriod]) -> dict[int, Meter]:
    """By the month's primary key, in one query."""
    rows = list(periods)
    taken = allowances.used(rows)
    return {row.pk: _meter(row, *taken.get(row.pk, (Decimal(0), 0))) for row in rows}


def take(uses: Iterable[allowances.Use]) -> None:
    """What rated charges took; drivers who come near the end of their allowance are told. In the transaction of the rating; a second
    time for the same record changes nothing."""
    taken = list(uses)
    allowances.take(taken)
    if taken:
        warn(use.period_id for use in taken)


def warn(period_ids: Iterable[int]) -> None:
    """Notes for months that have come to 80 or 100 %: each is told once, while it runs. In the transaction in which something was
    taken."""
    _warn(dict.fromkeys(period_ids, _Running()))


def watch() -> None:
    """The same while charges run, for what they have taken so far: the plan may be used up in the middle of one."""
    running: defaultdict[int, _Running] = defaultdict(_Running)
    charging = _charging()
    told = selectors.charging_periods_by_session([session for left, session in charging if left.seconds])
    for left, session in charging:
        seconds = sum(_seconds(stretch) for stretch in told.get(session.pk, ()))
        before = running[left.period_id]
        running[left.period_id] = _Running(before.energy + session.energy, before.seconds + seconds)
    if running:
        with transaction.atomic():
            _warn(running)


class _Running(NamedTuple):
    """Wh and seconds of charging beside what was rated."""

    energy: Decimal = Decimal(0)
    seconds: int = 0


def _seconds(stretch: selectors.ChargingPeriod) -> int:
    return int((stretch.end - stretch.start).total_seconds()) if stretch.state == selectors.CHARGING else 0


def _warn(running: Mapping[int, _Running]) -> None:
    """By month."""
    open_ = SubscriptionPeriod.objects.filter(ends_at__gt=timezone.now(), warned__lt=max(LEVELS))
    rows = list(open_.filter(pk__in=sorted(running)).select_related("subscription").order_by("pk"))
    known = meters(rows)
    for row in rows:
        meter = known[row.pk]
        more = running[row.pk]
        meter = replace(
            meter, energy_used=meter.energy_used + more.energy, seconds_used=meter.seconds_used + more.seconds
        )
        if meter.level > row.warned and _raise(row, meter.level):
            histories.note(row.subscription, f"warned_{meter.level}", percent=min(meter.percent, 100), period=row.pk)


def _charging() -> list[tuple[allowances.Allowance, ChargingSession]]:
    """Running charges that take from a month which somebody could still be warned of, with what is left of it."""
    of_subscribers = ChargingSession.objects.active().filter(
        discarded=False,
        energy__gt=0,
        driver__subscriptions__operator=F("operator"),
        driver__subscriptions__periods__ends_at__gt=timezone.now(),
        driver__subscriptions__periods__warned__lt=max(LEVELS),
    )
    sessions = list(of_subscribers.distinct().defer("state"))
    paid_for = companies.payers(sessions)
    granted = allowances.of_sessions([one for one in sessions if one.pk not in paid_for], lock=False)
    return [(left, one) for one in sessions if (left := granted.left(one.pk)) is not None]


def _raise(row: SubscriptionPeriod, level: int) -> bool:
    lower = SubscriptionPeriod.objects.filter(pk=row.pk, warned__lt=level)
    return bool(lower.update(warned=level, updated_at=timezone.now()))


def _meter(row: SubscriptionPeriod, wh: Decimal, seconds: int) -> Meter:
    return Meter(row.energy, wh, row.seconds, seconds)
