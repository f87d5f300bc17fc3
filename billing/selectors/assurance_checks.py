"""What may never become money: the table of checks, each one condition in SQL. `assurance` counts what they find."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Exists, F, OuterRef, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from billing.models import CDR, DunningCase, Payment
from billing.models.payment import kept_for

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
    written_off = DunningCase.objects.filter(cdr=OuterRef("pk"), status=DunningCase.Status.CLOSED)
    left = due.annotate(came=kept_for(gross=True)).filter(~Exists(written_off), came__lt=F("total_incl_vat"))
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
