"""An ended charge as its driver reads it: what it cost, why, and the documents there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from accounts.models import Driver, SentMail, User
from accounts.notifications import once
from billing import pricing
from billing.models import CDR, Invoice, Payment
from billing.tariffs import trace
from cms import charts
from cms.dashboard import cost_panel
from cms.portal import mails, receipt_lines, rides
from cms.portal.receipt_lines import ReceiptLine
from cms.portal.rides import Ride
from cms.portal.selectors import mine
from sessions_app import selectors as sessions
from sessions_app.selectors import proof


@dataclass(frozen=True, slots=True)
class Receipt:
    """`cdr` is None while the final amount is being worked out. `empty`: no energy flowed. `signed`: the token of the page that
    shows what the meter signed, or ""."""

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
        """Something to invoice, not invoiced yet, and nobody has to look at it first."""
        return bool(self.cdr and self.cdr.total_incl_vat and not self.invoice and not self.held and self.driver)


def cdr_of(user: User, session: int) -> CDR | None:
    return (
        mine.cdrs(user)
        .select_related("driver__operator", "tariff_version")
        .filter(session=session)
        .order_by("-revision")
        .first()
    )


def of(user: User, ride: Ride) -> Receipt:
    assert ride.session is not None
    cdr = cdr_of(user, ride.session.pk)
    return Receipt(
        ride=ride,
        cdr=cdr,
        lines=receipt_lines.of(cdr) if cdr else (),
        vat=receipt_lines.vat_words(cdr) if cdr else "",
        invoice=Invoice.objects.filter(claims__cdr=cdr).first() if cdr else None,
        driver=cdr.driver if cdr else None,
        chart=_chart(ride, cdr),
        held=cdr is not None and not CDR.objects.billable().filter(pk=cdr.pk).exists(),
        paid=Payment.objects.filter(cdr=cdr).first() if cdr else None,
        mailed=once.sent(key=mails.key_of(cdr)) if cdr else None,
        uid=evse.uid if (evse := rides.evse_of(ride)) else "",
        signed=proof.token_of(ride.session.pk),
    )


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
