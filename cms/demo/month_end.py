"""The books of the demo: the month before the last is closed, with its files and the hosts' statements; the last one waits."""

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from accounts.models import Operator, SentMail, User
from billing.models import Bookkeeping, Export, HostStatement, MonthClose, MonthCloseEvent, Payment, RevenueShare
from billing.payments import declines
from billing.selectors import months, worklist
from billing.services.month_end import close, exports, statements, writing
from stations.models import Location

from . import cast, money

REASONS = {
    "sdi_refused": "Corretta e inviata di nuovo con la fattura di ottobre",
    "uncollected": "Pagato in contanti al gestore, ricevuta in archivio",
}
OTHERWISE = "Visto con Olga: resta così"
FILES = ("charges", "invoices", "journal", "vat")
MADE_UP = 22  # months of another system's revenue, so that the chart has a year and the year before it
SEASON = (92, 90, 94, 97, 99, 104, 112, 118, 103, 100, 95, 94)  # percent of the average, January first


def tell(start: datetime, now: datetime) -> None:
    operator, anna = Operator.objects.get(slug=cast.RETE.slug), User.objects.get(email=cast.ANNA.email)
    Bookkeeping.objects.create(operator=operator, energy_cost=Decimal("0.21"))
    last = months.after(months.of(operator, now), -1)
    before = months.after(last, -1)
    _agree(operator, anna, months.of(operator, start))
    _refused(operator, last)
    close.look(operator=operator, month=last)
    _made_up(operator, before, last)
    _close(operator, anna, before, last)
    for location in Location.objects.filter(pk__in=RevenueShare.objects.filter(operator=operator).values("location")):
        statements.issue(location=location, month=before)
    _long_ago(operator, last)
    for kind in FILES:
        params = {"month": f"{before:%Y-%m}"}
        writing.run(exports.start(operator=operator, kind=kind, params=params, by=anna, language="it").pk)
    _yesterday(operator, now)
    close.look(operator=operator, month=months.of(operator, now))


def _refused(operator: Operator, month: date) -> None:
    """A card that was empty in the middle of the month, and that nobody has tried again."""
    start, _end = months.bounds(operator, month)
    paid = Payment.objects.filter(
        operator=operator, status=Payment.Status.CAPTURED, purpose=Payment.Purpose.CHARGE, gateway=money.FAKE
    )
    one = paid.filter(created_at__gte=start + timedelta(days=14)).order_by("pk").first()
    if one is not None:
        refusal = {"error_code": money.REFUSAL, "error": declines.sentence(money.REFUSAL)}
        paid.filter(pk=one.pk).update(status=Payment.Status.FAILED, captured=0, gateway_id="", **refusal)


def _agree(operator: Operator, by: User, since: date) -> None:
    """Paola's is the busiest site; another host gets an amount per kWh."""
    first, second = Location.objects.filter(operator=operator).order_by("pk")[:2]
    statements.agree(
        location=first,
        by=by,
        valid_from=since,
        host_name="Hotel Adriatico S.r.l.",
        host_email=cast.PAOLA.email,
        host_address=f"{first.address}, {first.postal_code} {first.city}",
        language="it",
        percent=Decimal(12),
        fee_percent=Decimal("1.5"),
    )
    statements.agree(
        location=second,
        by=by,
        valid_from=since,
        host_name="Mercato Nuovo Soc. Coop.",
        host_email="conti@mercato.example",
        language="it",
        per_kwh=Decimal("0.03"),
        fixed=Decimal(25),
    )


def _made_up(operator: Operator, before: date, last: date) -> None:
    """Figures of months that nobody retold, shaped like a growing network."""
    net = Decimal(json.loads(MonthClose.objects.get(operator=operator, month=last).figures)["net"])
    MonthClose.objects.filter(operator=operator, month__lte=before).delete()
    rows = []
    for ago in range(MADE_UP + 1):
        month = months.after(before, -ago)
        share = Decimal(SEASON[month.month - 1]) / 100 * (1 - Decimal(ago) / 50)
        figures = {"net": str((net * share).quantize(Decimal("0.01")))}
        figures["energy_cost"] = str((Decimal(figures["net"]) * Decimal("0.41")).quantize(Decimal("0.01")))
        rows.append(MonthClose(operator=operator, month=month, figures=json.dumps(figures)))
    MonthClose.objects.bulk_create(row for row in rows if row.month != before)


def _close(operator: Operator, by: User, month: date, last: date) -> None:
    """On the third day of the month after it."""
    for line in worklist.picture(close.look(operator=operator, month=month)).to_decide:
        reason = REASONS.get(line.check.name, OTHERWISE)
        close.accept(operator=operator, month=month, check=line.check.name, reason=reason, by=by)
    close.close(operator=operator, month=month, by=by)
    at = _at(operator, last, 3)
    MonthClose.objects.filter(operator=operator, month=month).update(closed_at=at, cutoff=at, checked_at=at)
    MonthCloseEvent.objects.filter(month_close__operator=operator).update(at=at)


def _long_ago(operator: Operator, last: date) -> None:
    """The statements of then were mailed then."""
    at = _at(operator, last, 4)
    mine = HostStatement.objects.filter(operator=operator)
    mine.update(created_at=at, issued_on=at.date())
    SentMail.objects.bulk_create(
        SentMail(key=f"host-statement:{pk}", recipient=email, claimed_at=at, sent_at=at)
        for pk, email in mine.values_list("pk", "host_email")
    )


def _yesterday(operator: Operator, now: datetime) -> None:
    at = now - timedelta(days=1)
    Export.objects.filter(operator=operator).update(created_at=at, started_at=at, finished_at=at, seen_at=at)


def _at(operator: Operator, month: date, day: int) -> datetime:
    return datetime.combine(month.replace(day=day), time(17, 20), ZoneInfo(operator.time_zone))
