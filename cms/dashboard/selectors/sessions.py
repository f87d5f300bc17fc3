"""Charges as the operator lists them, and what belongs to one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Operator
from billing.documents import lines
from billing.models import CDR, Invoice, Payment
from billing.selectors import costs
from billing.tariffs.trace import Trace
from cms.core import typed
from sessions_app.models import ChargingSession

STUCK_AFTER = timedelta(hours=12)
UNHAPPY = 2  # stars
ZERO_WH = 100  # below this nobody charged


@dataclass(frozen=True, slots=True)
class View:
    word: Promise
    where: Q


def views() -> dict[str, View]:
    """The saved views of the list (ux.md): each a question that somebody asks every day."""
    active, ended = Q(status="active"), Q(status="completed")
    return {
        "live": View(pgettext_lazy("charges", "Live"), active),
        "zero": View(_("Zero energy"), ended & Q(energy__lt=ZERO_WH, discarded=False)),
        "stuck": View(_("Stuck over 12 h"), active & Q(started_at__lt=timezone.now() - STUCK_AFTER)),
        "refused": View(_("Refused card"), ~Q(authorization__in=["Accepted", ""])),
        "review": View(_("To review"), ~Q(review="")),
        "unhappy": View(_("1 or 2 stars"), ended & Q(feedback__stars__lte=UNHAPPY)),
        "unpaid": View(_("Unpaid"), ended & Q(pk__in=CDR.objects.unpaid().values("session"))),
    }


@dataclass(frozen=True, slots=True)
class Filters:
    """As in the query string; unknown values are no filter."""

    view: str = ""
    search: str = ""
    site: str = ""

    @classmethod
    def read(cls, given: dict[str, str]) -> "Filters":
        view, site = given.get("view", ""), typed.number(given, "site")
        return cls(
            view if view in views() else "",
            typed.line(given, "search"),
            "" if site is None else str(site),
        )

    @property
    def any(self) -> bool:
        return bool(self.view or self.search or self.site)


def matching(operator: Operator, filters: Filters) -> QuerySet[ChargingSession]:
    """Newest first, in the order in which we learned of them."""
    found = _searched(operator, filters)
    if filters.view:
        found = found.filter(views()[filters.view].where)
    return found.select_related("station", "location", "token", "driver__user").order_by("-pk")


def facets(operator: Operator, filters: Filters) -> list[tuple[str, Promise, int]]:
    """(view, its words, how many). One query each."""
    searched = _searched(operator, filters)
    return [(name, view.word, searched.filter(view.where).count()) for name, view in views().items()]


def totals(operator: Operator) -> tuple[int, int]:
    """How many charge now, and at how many W together."""
    found = ChargingSession.objects.filter(operator=operator, status="active").aggregate(
        n=Count("pk"), w=Sum("power_w")
    )
    return found["n"] or 0, found["w"] or 0


def _searched(operator: Operator, filters: Filters) -> QuerySet[ChargingSession]:
    found = ChargingSession.objects.filter(operator=operator)
    if filters.site:
        found = found.filter(location=int(filters.site))
    if text := filters.search:
        by_number = Q(pk=int(text)) if text.isascii() and text.isdecimal() and len(text) < 19 else Q()
        found = found.filter(
            by_number
            | Q(transaction_id=text)
            | Q(id_tag__iexact=text)
            | Q(station__identity__icontains=text)
            | Q(driver__user__email__icontains=text)
            | Q(driver__user__first_name__icontains=text)
            | Q(driver__user__last_name__icontains=text)
            | Q(driver__billing_name__icontains=text)
        )
    return found


def prices(found: Iterable[ChargingSession]) -> dict[int, CDR]:
    """The standing CDR of each session that has one. One query."""
    standing = CDR.objects.standing().filter(session__in=[session.pk for session in found])
    return {cdr.session_id: cdr for cdr in standing.defer("snapshot", "periods", "trace")}


@dataclass(frozen=True, slots=True)
class Bill:
    """What a charge costs, or costs so far. `rows`: (text, quantity, price, amount) as on a receipt."""

    cost: Trace | None
    cdr: CDR | None
    rows: Sequence[tuple[str, str, str, Decimal]]
    tariff: str
    invoice: Invoice | None
    payment: Payment | None


def bill(session: ChargingSession, language: str) -> Bill:
    found = costs.of(session, language)
    if found is None:
        return Bill(None, None, (), "", None, None)
    cdr, currency = found.cdr, found.trace.currency
    rows = [
        (line.text, lines.quantity_text(line, language), lines.price_text(line, currency, language), line.amount)
        for line in found.lines
    ]
    return Bill(
        cost=found.trace,
        cdr=cdr,
        rows=rows,
        tariff=str(found.version or ""),
        invoice=Invoice.objects.filter(claims__cdr=cdr).first() if cdr else None,
        payment=Payment.objects.filter(cdr=cdr).first() if cdr else None,
    )
