"""The running charge as its page shows it: how far the start came, what flows, what it costs so far, is it going well."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Q
from django.utils.functional import Promise

from billing import pricing
from billing.models import Payment
from billing.payments import declines
from cms import charts
from cms.portal import judgement, price_card, stages, texts
from cms.portal.judgement import Judgement, Verdict
from cms.portal.rides import Ride
from cms.portal.selectors import prices
from cms.portal.stages import Stage
from sessions_app import selectors as sessions
from stations.models import Command

AHEAD = 3  # the axis goes on for a third: room to grow, and for the newest value's label


@dataclass(frozen=True, slots=True)
class Cost:
    """Including VAT, exact as the engine says it so far."""

    total: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Progress:
    """`failure` is what went wrong with the start, `stop_failure` with the stop, `money` why we stop it ourselves: sentences for the
    driver."""

    ride: Ride
    stages: Sequence[Stage]
    stop_stages: Sequence[Stage]
    failure: Promise | str
    stop_failure: Promise | str
    cost: Cost | None
    judgement: Judgement
    chart: charts.Chart | None
    after_full: Sequence[price_card.Line]
    stop_asked_at: datetime | None
    lasting: timedelta
    seconds_left: int
    fresh_for_s: int
    money: Promise | str

    @property
    def answer(self) -> Promise:
        return texts.JUDGED[self.judgement.verdict]

    @property
    def worries(self) -> bool:
        """Worth a notice, not only a line over the curve."""
        return self.judgement.verdict.startswith("idle") or self.judgement.verdict in {"stale", "full"}

    @property
    def early(self) -> bool:
        """Begun, and no picture yet that could answer."""
        return self.ride.running and self.chart is None and self.judgement.verdict is Verdict.WAITING

    @property
    def stopping(self) -> bool:
        return bool(self.stop_stages) and not self.stop_failure


def of(ride: Ride, *, now: datetime) -> Progress:
    session = ride.session
    points = sessions.curve(session) if session else []
    stop = _stop_command(ride)
    return Progress(
        ride=ride,
        stages=stages.of_start(ride),
        stop_stages=stages.of_stop(stop, ended=ride.ended) if stop else (),
        failure=stages.start_failure(ride, now=now),
        stop_failure=stages.stop_failure(stop, ended=ride.ended),
        cost=_cost(ride),
        judgement=judgement.judge(
            points,
            now=now,
            last_reading_at=session.last_reading_at if session else None,
            charging_state=sessions.charging_state(session) if session else "",
        ),
        chart=_chart(ride, points, now),
        after_full=_card(ride).after_charging if session else (),
        stop_asked_at=stop.created_at if stop else None,
        lasting=now - ride.begun_at,
        seconds_left=_seconds_left(ride, now),
        fresh_for_s=int(judgement.patience(points).total_seconds()),
        money=_money(ride),
    )


def _money(ride: Ride) -> Promise | str:
    """Nobody pays any further: the hold is used up, or there is none."""
    if not ride.running or ride.session is None:
        return ""
    mine = Q(session=ride.session) | Q(start_request__session=ride.session)
    stopped = Payment.objects.filter(mine, later=True, stop_asked_at__isnull=False).order_by("-pk").first()
    if stopped is None:
        return ""
    return declines.sentence(stopped.error_code) if stopped.status == Payment.Status.FAILED else texts.HOLD_USED_UP


def _seconds_left(ride: Ride, now: datetime) -> int:
    """How long the charger still waits for the cable; 0 while it has not even accepted."""
    if ride.session or ride.start is None or ride.start.command.status != Command.Status.ACCEPTED:
        return 0
    return max(0, int((ride.start.expires_at - now).total_seconds()))


def _card(ride: Ride) -> price_card.PriceCard:
    """The price that this charge began with: it keeps it whatever is published meanwhile."""
    session = ride.session
    assert session is not None
    version = pricing.version_of(session)
    zone = (session.location or session.operator).time_zone
    return prices.card(version, time_zone=zone, power_w=None, at=session.started_at)


def _cost(ride: Ride) -> Cost | None:
    breakdown = pricing.running_cost(ride.session) if ride.session else None
    if breakdown is None or breakdown.total_incl_vat is None:
        return None
    return Cost(breakdown.total_incl_vat, breakdown.currency)


def _chart(ride: Ride, points: Sequence[sessions.CurvePoint], now: datetime) -> charts.Chart | None:
    if ride.session is None:
        return None
    measured = [charts.Point(p.at, p.power_w, p.energy_wh) for p in points]  # the battery has its own bar
    if not any(point.power_w for point in measured):
        return None
    return charts.session(
        measured, zone=pricing.zone_of(ride.session), running=True, end=now + (now - ride.begun_at) / AHEAD, height=108
    )


def _stop_command(ride: Ride) -> Command | None:
    """The newest stop that anybody asked for; the payload names the transaction."""
    if ride.session is None:
        return None
    asked = Command.objects.filter(
        station=ride.station, kind="RequestStop", created_at__gte=ride.session.started_received_at
    )
    wanted = ride.session.transaction_id
    return next((c for c in asked.order_by("-pk")[:20] if stages.transaction_of(c) == wanted), None)
