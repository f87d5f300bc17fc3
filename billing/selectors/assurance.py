"""Revenue assurance: what energy was given, and may never become money, counted (`assurance_checks` says what is).

At risk is what nobody has paid yet: exactly what a charge costs where it was priced, else its energy at the operator's average
price of the last thirty days. What another system charged for is not looked at, nor what a person has discarded or credited
on purpose. The number of queries is the number of checks, whatever they find.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import (
    Case,
    Count,
    ExpressionWrapper,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)

from accounts.models import Operator
from billing.models import CDR, AssuranceDay
from billing.models.payment import kept_for
from cms.core.fields import MoneyField
from sessions_app.engine.evidence import ENDED
from sessions_app.models import ChargingSession, Evidence

from .assurance_checks import CHECKS, ORPHAN, WINDOW, Asked, Check


@dataclass(frozen=True, slots=True)
class Finding:
    """`exact` was priced; `energy` (Wh) was not, and is worth `guessed`, None where nobody knows a price yet."""

    cases: int
    exact: Decimal
    energy: Decimal
    guessed: Decimal | None
    oldest: datetime | None

    @property
    def at_risk(self) -> Decimal:
        return self.exact + (self.guessed or 0)


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that is known now: `price` is the average per kWh, VAT included. In `whole` each charge counts once."""

    findings: dict[str, Finding]
    whole: Finding
    price: Decimal | None

    def worst_first(self) -> list[tuple[Check, Finding]]:
        found = [(check, self.findings[check.name]) for check in CHECKS if self.findings[check.name].cases]
        return sorted(found, key=lambda pair: (-pair[1].at_risk, -pair[1].cases))

    def clean(self) -> list[Check]:
        return [check for check in CHECKS if not self.findings[check.name].cases]


class Worth(NamedTuple):
    """`amount` None where nobody can say; not `exact`: energy at the average price."""

    amount: Decimal | None
    exact: bool


def picture(asked: Asked) -> Picture:
    price = average_price(asked)
    findings = {check.name: _finding(check, asked, price) for check in CHECKS}
    return Picture(findings, _whole(asked, findings[ORPHAN], price), price)


def average_price(asked: Asked) -> Decimal | None:
    """Per kWh, VAT included, of what was charged for in the window. None where nothing was."""
    since = asked.now - WINDOW
    sold = CDR.objects.billable().filter(operator=asked.operator, currency=asked.operator.currency, energy__gt=0)
    sums = sold.filter(stopped_at__gt=since, stopped_at__lte=asked.now, total_incl_vat__gt=0).aggregate(
        wh=Sum("energy"), total=Sum("total_incl_vat")
    )
    return (sums["total"] * 1000 / sums["wh"]).quantize(Decimal("0.0001")) if sums["wh"] else None


def cases(check: Check, asked: Asked) -> QuerySet[ChargingSession]:
    """Newest first, each with `owed`: what it was priced at and nobody has paid, None where it has no price."""
    where = check.where(asked) if check.where else Q(pk__in=())
    return _ended(asked).filter(where).annotate(owed=_owed()).order_by("-pk")


def strays(asked: Asked) -> QuerySet[Evidence]:
    """Stops that belong to no charge and that nobody has settled, newest first."""
    found = Evidence.objects.filter(station__operator=asked.operator, session=None, kind=ENDED, verdict=None)
    return found.filter(received_at__lte=asked.now).order_by("-pk")


def worth(case: ChargingSession, price: Decimal | None) -> Worth:
    """Of a row of `cases`."""
    owed: Decimal | None = case.owed  # type: ignore[attr-defined]  # annotated there
    return Worth(at_price(case.energy, price), exact=False) if owed is None else Worth(owed, exact=True)


def at_price(wh: Decimal, price: Decimal | None) -> Decimal | None:
    return None if price is None else (max(wh, Decimal(0)) * price / 1000).quantize(Decimal("0.01"))


class Day(NamedTuple):
    day: date
    cases: int
    at_risk: Decimal


def trend(asked: Asked, current: Picture) -> dict[str, list[Day]]:
    """By check ("": all together), the days that were kept of the last thirty, then today as it is now. One query."""
    today = local_day(asked)
    kept = AssuranceDay.objects.filter(operator=asked.operator, day__gt=today - WINDOW, day__lt=today).order_by("day")
    days: dict[str, list[Day]] = {name: [] for name in ("", *current.findings)}
    for subject, day, count, at_risk in kept.values_list("subject", "day", "cases", "at_risk"):
        days.setdefault(subject, []).append(Day(day, count, at_risk))
    for name, finding in {"": current.whole, **current.findings}.items():
        days[name].append(Day(today, finding.cases, finding.at_risk))
    return days


def latest(operator: Operator) -> AssuranceDay | None:
    """All checks together when they were last kept: for pages that cannot wait for the checks themselves."""
    return AssuranceDay.objects.filter(operator=operator, subject="").order_by("-day").first()


def local_day(asked: Asked) -> date:
    return asked.now.astimezone(ZoneInfo(asked.operator.time_zone)).date()


# ---- counting -------------------------------------------------------------------------------------------------------


def _ended(asked: Asked) -> QuerySet[ChargingSession]:
    ended = ChargingSession.objects.ended().ours().filter(operator=asked.operator, discarded=False)
    return ended.filter(stopped_at__lte=asked.now)


def _owed() -> Subquery:
    """By the newest record: credited means nothing, and what was priced without a tariff has no price: its 0 is no amount."""
    nothing = Value(Decimal(0), output_field=MoneyField())
    unpriced = Q(flags__contains="no_tariff") & ~Q(flags__contains="waived")
    owed = Case(
        When(credits__isnull=False, then=nothing),
        When(unpriced, then=Value(None)),
        When(came__gte=F("total_incl_vat"), then=nothing),
        default=ExpressionWrapper(F("total_incl_vat") - F("came"), output_field=MoneyField()),
        output_field=MoneyField(),
    )
    newest = CDR.objects.filter(session=OuterRef("pk")).order_by("-revision").annotate(came=kept_for(gross=True))
    return Subquery(newest.annotate(owed=owed).values("owed")[:1], output_field=MoneyField())


def _finding(check: Check, asked: Asked, price: Decimal | None) -> Finding:
    return _counted(cases(check, asked), price) if check.where else _counted_strays(asked)


def _counted(found: QuerySet[ChargingSession], price: Decimal | None) -> Finding:
    sums = found.order_by().aggregate(
        n=Count("pk"), exact=Sum("owed"), wh=Sum("energy", filter=Q(owed=None)), oldest=Min("stopped_at")
    )
    wh = sums["wh"] or Decimal(0)
    return Finding(sums["n"], sums["exact"] or Decimal(0), wh, at_price(wh, price), sums["oldest"])


def _counted_strays(asked: Asked) -> Finding:
    """How much they were about, nobody knows: a stop names the register, not what was taken."""
    sums = strays(asked).order_by().aggregate(n=Count("pk"), oldest=Min("received_at"))
    return Finding(sums["n"], Decimal(0), Decimal(0), None, sums["oldest"])


def _whole(asked: Asked, orphans: Finding, price: Decimal | None) -> Finding:
    first, *others = [_ended(asked).filter(check.where(asked)).values("pk") for check in CHECKS if check.where]
    every = ChargingSession.objects.filter(pk__in=first.union(*others))
    found = _counted(every.annotate(owed=_owed()), price)
    oldest = min((at for at in (found.oldest, orphans.oldest) if at), default=None)
    return Finding(found.cases + orphans.cases, found.exact, found.energy, found.guessed, oldest)
