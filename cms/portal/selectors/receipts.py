"""An ended charge as its driver reads it: what it cost, why, and the documents there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import timezone

from accounts.models import Driver, SentMail, User
from billing import pricing
from billing.models import CDR, Invoice, Payment, PaymentStep
from billing.services.cards import adhoc_papers
from billing.tariffs import trace
from cms import charts
from cms.dashboard import cost_panel
from cms.portal import mails, receipt_lines, rides
from cms.portal.receipt_lines import ReceiptLine
from cms.portal.rides import Ride
from cms.portal.selectors import mine
from sessions_app import selectors as sessions
from sessions_app.selectors import feedback, proof
from sessions_app.services import feedback as opinions


@dataclass(frozen=True, slots=True)
class Receipt:
    """`cdr` is None while the final amount is being worked out. `empty`: no energy flowed. `signed`: the token of the page that
    shows what the meter signed, or "". `stars` can be given, or changed, until `stars_until`, if at all."""

    ride: Ride
    cdr: CDR | None
    lines: Sequence[ReceiptLine]
    vat: str
    invoice: Invoice | None
    driver: Driver | None
    chart: charts.Chart | None
    held: bool
    paid: Payment | None
    mailed: SentMail | None
    uid: str
    signed: str
    stars: int | None
    stars_until: datetime | None

    @property
    def zone(self) -> ZoneInfo:
        assert self.ride.session is not None
        return pricing.zone_of(self.ride.session)

    @property
    def lasted(self) -> timedelta | None:
        session = self.ride.session
        assert session is not None
        return session.stopped_at - session.started_at if session.stopped_at else None

    @property
    def average_w(self) -> int | None:
        """Over the whole charge, pauses included; None where that would divide by nothing."""
        assert self.ride.session is not None
        seconds = self.lasted // timedelta(seconds=1) if self.lasted else 0
        return round(self.ride.session.energy * 3600 / seconds) if seconds > 0 and not self.empty else None

    @property
    def empty(self) -> bool:
        assert self.ride.session is not None
        return not self.ride.session.energy

    @property
    def may_ask_invoice(self) -> bool:
        """Something to invoice that the driver pays, not invoiced yet, and nobody has to look at it first."""
        return self._invoiceable and self.driver is not None

    @property
    def guest_may_ask_invoice(self) -> bool:
        """The same for a charge without an account, while its day's takings are still open."""
        return self._invoiceable and timezone.now() <= self.invoice_until

    @property
    def invoice_until(self) -> datetime:
        assert self.cdr is not None
        return adhoc_papers.invoice_until(self.cdr)

    @property
    def hold(self) -> Payment | None:
        """What was blocked on the card before it began."""
        return self.paid if self.paid and self.paid.later else None

    @property
    def held_first(self) -> Decimal:
        """What the payer saw being blocked; while it charged the hold may have been raised."""
        first = self.hold.steps.filter(kind=PaymentStep.Kind.AUTHORIZE).order_by("pk").first() if self.hold else None
        return first.amount if first else self.hold.amount if self.hold else Decimal(0)

    @property
    def unsettled(self) -> bool:
        """The page has to ask again: the amount is not known yet, or the hold still stands."""
        return self.cdr is None or bool(self.hold and self.hold.status == Payment.Status.AUTHORIZED and not self.held)

    @property
    def freed(self) -> Decimal:
        """What of the hold nobody took; 0 while it still stands."""
        over = self.hold is not None and self.hold.status != Payment.Status.AUTHORIZED
        return self.hold.amount - self.hold.captured if self.hold and over else Decimal(0)

    @property
    def freed_at(self) -> datetime | None:
        """When the provider let go of it; a refund later on does not change that."""
        done = {"status": PaymentStep.Status.DONE, "kind__in": (PaymentStep.Kind.CAPTURE, PaymentStep.Kind.RELEASE)}
        steps = self.hold.steps.filter(**done) if self.hold else PaymentStep.objects.none()
        return steps.order_by("-pk").values_list("updated_at", flat=True).first()

    @property
    def _invoiceable(self) -> bool:
        own = self.cdr is not None and self.cdr.company_id is None
        return bool(own and self.cdr and self.cdr.total_incl_vat and not self.invoice and not self.held)


def cdr_of(user: User, session: int) -> CDR | None:
    return (
        mine.cdrs(user)
        .select_related("driver__operator", "tariff_version")
        .filter(session=session)
        .order_by("-revision")
        .first()
    )


def of(ride: Ride, cdr: CDR | None) -> Receipt:
    assert ride.session is not None
    return Receipt(
        ride=ride,
        cdr=cdr,
        lines=receipt_lines.of(cdr) if cdr else (),
        vat=receipt_lines.vat_words(cdr) if cdr else "",
        invoice=Invoice.objects.filter(claims__cdr=cdr, company=None).first() if cdr else None,
        driver=cdr.driver if cdr else None,
        chart=_chart(ride, cdr),
        held=cdr is not None and not CDR.objects.billable().filter(pk=cdr.pk).exists(),
        paid=_payment(ride, cdr),
        mailed=mails.mailed(cdr) if cdr else None,
        uid=evse.uid if (evse := rides.evse_of(ride)) else "",
        signed=proof.token_of(ride.session.pk),
        stars=feedback.of(ride.session),
        stars_until=until if (until := opinions.open_until(ride.session)) and timezone.now() <= until else None,
    )


def _payment(ride: Ride, cdr: CDR | None) -> Payment | None:
    """What it was paid with, or will be: the hold stands until the amount is known."""
    if ride.adhoc is not None:
        return ride.adhoc.payment
    return cdr.payment if cdr else None


def _chart(ride: Ride, cdr: CDR | None) -> charts.Chart | None:
    """The power, and under it what it cost by and by: why the amount is what it is."""
    assert ride.session is not None
    points = [charts.Point(p.at, p.power_w, p.energy_wh, p.soc) for p in sessions.curve(ride.session)]
    if not any(point.power_w for point in points):
        return None
    return charts.session(
        points,
        zone=pricing.zone_of(ride.session),
        blocks=cost_panel.blocks(trace.loads(cdr.trace)) if cdr and cdr.total_incl_vat else (),
        currency=cdr.currency if cdr else "EUR",
        end=ride.session.stopped_at,
        height=140,
    )
