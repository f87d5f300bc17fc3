"""Revenue assurance: what energy was given, and may never become money. A table of checks, each one condition in SQL.

At risk is what nobody has paid yet: exactly what a charge costs where it was priced, else its energy at the operator's average
price of the last thirty days. What another system charged for is not looked at, nor what a person has discarded or credited
on purpose. The number of queries is the number of checks, whatever they find.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import (
    Case,
    Count,
    Exists,
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
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from billing.models import CDR, AssuranceDay, Payment
from billing.models.payment import kept_for
from cms.core.fields import MoneyField
from sessions_app.engine.evidence import ENDED
from sessions_app.models import ChargingSession, Evidence

RATED_WITHIN = timedelta(hours=1)
COLLECTED_WITHIN = timedelta(days=1)
CAPTURED_WITHIN = timedelta(hours=1)
WINDOW = timedelta(days=30)  # of the average price, of the trend, and of what cannot be put right afterwards
NOTHING_WH = Decimal(100)
TRIED_FOR = timedelta(minutes=3)  # shorter ones say nothing: the driver changed his mind


class Asked(NamedTuple):
    operator: Operator
    now: datetime


@dataclass(frozen=True, slots=True)
class Check:
    """`where` says which ended charges are its cases; None: it is about stops that belong to no charge. `actions` are names of
    `billing.services.charges.resolutions`."""

    name: str
    title: Promise
    meaning: Promise
    where: Callable[[Asked], Q] | None
    actions: tuple[str, ...] = ()

    @property
    def has_charges(self) -> bool:
        return self.where is not None


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


# ---- the checks -----------------------------------------------------------------------------------------------------


def _unbilled(asked: Asked) -> Q:
    late = asked.now - RATED_WITHIN
    known = Q(stopped_received_at__lte=late) | Q(stopped_received_at=None, stopped_at__lte=late)
    return known & ~Q(Exists(CDR.objects.filter(session=OuterRef("pk"))))


def _free(asked: Asked) -> Q:
    standing = CDR.objects.standing().filter(session=OuterRef("pk"))
    unpriced = standing.filter(flags__contains="no_tariff").exclude(flags__contains="waived")
    return Q(energy__gt=0, stopped_at__gt=asked.now - WINDOW) & Q(Exists(unpriced))


def _empty(asked: Asked) -> Q:
    tried = Q(authorization="Accepted", review="", stopped_at__gte=F("started_at") + TRIED_FOR)
    return tried & Q(energy__lt=NOTHING_WH, stopped_at__gt=asked.now - WINDOW)


def _uncollected(asked: Asked) -> Q:
    """Failed and forgotten payments as well as none at all."""
    due = CDR.objects.billable().filter(
        operator=asked.operator,
        driver__isnull=False,
        company=None,
        total_incl_vat__gt=0,
        created_at__lte=asked.now - COLLECTED_WITHIN,
    )
    left = due.annotate(came=kept_for(gross=True)).filter(came__lt=F("total_incl_vat"))
    return Q(pk__in=left.values("session"))


def _uncaptured(asked: Asked) -> Q:
    """Ended, and the money is still only held: after an hour something is wrong, and after days the bank lets it go."""
    late = Q(stopped_at__lte=asked.now - CAPTURED_WITHIN)
    holds = Payment.objects.holds().filter(operator=asked.operator)
    of_start = holds.filter(start_request__session__isnull=False).values("start_request__session")
    return late & (Q(pk__in=holds.filter(session__isnull=False).values("session")) | Q(pk__in=of_start))


def _in_review(*reasons: str) -> Callable[[Asked], Q]:
    def where(asked: Asked) -> Q:
        return _any_of(reasons)

    return where


def _any_of(reasons: Iterable[str]) -> Q:
    """Named beside what the index holds, so that the millions without a doubt are not looked at."""
    found = Q()
    for reason in reasons:
        found |= Q(review__contains=reason)
    return ~Q(review="") & found


_NAMED: dict[str, tuple[str, ...]] = {
    "negative": ("negative",),
    "clock": ("clock",),
    "over_power": ("over_power", "implausible"),
    "double_start": ("double_start",),
    "unauthorised": ("unauthorised",),
    "incomplete": ("missing_stop", "missing_start", "estimated", "late_stop"),
    "signed": ("signed_mismatch", "signed_invalid"),
}


def _otherwise(asked: Asked) -> Q:
    """So that no doubt stays without a place on this page."""
    named = _any_of(reason for reasons in _NAMED.values() for reason in reasons)
    return ~Q(review="") & ~named


def _checks() -> Iterator[Check]:
    decide = ("accept", "discard")
    yield Check(
        "unbilled",
        _("Not billed"),
        _("The charge ended more than an hour ago and was never priced."),
        _unbilled,
        ("rate", "discard"),
    )
    yield Check(
        "uncollected",
        _("Billed, not collected"),
        _("The driver owes it for more than a day: no payment, or one that failed."),
        _uncollected,
        ("collect",),
    )
    yield Check(
        "uncaptured",
        _("Held, not captured"),
        _(
            "The charge ended more than an hour ago, and its amount is still only held: in some days the bank lets it go."
        ),
        _uncaptured,
        ("collect",),
    )
    yield Check(
        "free",
        _("No tariff"),
        _("Energy given away in the last 30 days, because no tariff held at that place and time."),
        _free,
    )
    yield Check(
        "signed",
        _("Signed energy differs"),
        _("The meter’s signature does not hold, or it signs another energy than the bill says."),
        _in_review(*_NAMED["signed"]),
        decide,
    )
    yield Check(
        "over_power",
        _("More than the socket gives"),
        _("More energy than the connector’s power can give in the time that the charge took."),
        _in_review(*_NAMED["over_power"]),
        decide,
    )
    yield Check(
        "incomplete",
        _("Start or end missing"),
        _("The charger never reported the start or the end, or readings are missing: the energy is estimated."),
        _in_review(*_NAMED["incomplete"]),
        decide,
    )
    yield Check(
        "unauthorised",
        _("Energy without permission"),
        _("The charger gave energy although the card was refused."),
        _in_review(*_NAMED["unauthorised"]),
        decide,
    )
    yield Check(
        "double_start",
        _("Started twice"),
        _("The charger reported the start twice, differently."),
        _in_review(*_NAMED["double_start"]),
        decide,
    )
    yield Check(
        "negative",
        _("Meter ran backwards"),
        _("The register at the end is below the register at the start."),
        _in_review(*_NAMED["negative"]),
        decide,
    )
    yield Check(
        "clock",
        _("Clock is wrong"),
        _("The charger’s clock was wrong: times were taken from ours, prices by the hour may be another’s."),
        _in_review(*_NAMED["clock"]),
        decide,
    )
    yield Check(
        "doubted",
        _("Other doubts"),
        _("The readings contradict each other in another way, and a person must decide."),
        _otherwise,
        decide,
    )
    yield Check(
        "empty",
        _("No energy"),
        _("In the last 30 days somebody was let in, stayed three minutes or longer, and nothing flowed."),
        _empty,
        ("discard",),
    )
    yield Check(
        "orphan",
        _("Stops without a charge"),
        _("The charger reported an end that fits no charge: its start was lost."),
        None,
        ("set_aside",),
    )


ORPHAN = "orphan"
CHECKS: tuple[Check, ...] = tuple(_checks())
BY_NAME = {check.name: check for check in CHECKS}
