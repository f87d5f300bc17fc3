"""What may still be wrong with the charges of a month that is to be closed. Each looks with a fixed number of queries."""

from decimal import Decimal

from django.db.models import Count, Exists, F, Max, OuterRef, Q, Sum

from billing.models import CDR, DunningCase, Payment
from billing.models.cdr import CDRQuerySet
from billing.models.payment import kept_for
from sessions_app.models import ChargingSession

from . import assurance
from .closing import NOTHING, Asked, Found


def unbilled(asked: Asked) -> Found:
    """Ended, and never priced."""
    ended = ChargingSession.objects.ended().ours().filter(operator=asked.operator, discarded=False)
    inside = ended.filter(stopped_at__gte=asked.start, stopped_at__lt=asked.end)
    unpriced = inside.filter(~Exists(CDR.objects.filter(session=OuterRef("pk"))))
    sums = unpriced.aggregate(n=Count("pk"), wh=Sum("energy"))
    return Found(sums["n"], _worth(asked, sums["wh"]))


def free(asked: Asked) -> Found:
    """Energy that no tariff had a price for."""
    unpriced = (
        asked.charges.standing().filter(energy__gt=0, flags__contains="no_tariff").exclude(flags__contains="waived")
    )
    sums = unpriced.aggregate(
        n=Count("pk"), wh=Sum("energy"), stations=Count("session__station", distinct=True), last=Max("stopped_at")
    )
    return Found(sums["n"], _worth(asked, sums["wh"]), {"stations": sums["stations"]})


def held(asked: Asked) -> Found:
    """Nobody's debt before a person has looked."""
    standing = asked.charges.standing()
    held = standing.exclude(pk__in=asked.charges.billable().values("pk"))
    return summed(held)


def uncollected(asked: Asked) -> Found:
    """Charges that were to be paid at once and are not, or not wholly. What a person gave back, or wrote off, is not owed."""
    due = asked.charges.billable().filter(company=None, total_incl_vat__gt=0)
    theirs = Q(driver__isnull=False) | Q(payment__isnull=False) | Q(session__payments__isnull=False)
    owed = due.filter(theirs).annotate(paid=kept_for(gross=True)).filter(total_incl_vat__gt=F("paid"))
    written_off = DunningCase.objects.filter(cdr=OuterRef("pk"), status=DunningCase.Status.CLOSED)
    open_ones = CDR.objects.filter(pk__in=owed.values("pk")).filter(~Exists(written_off))
    sums = open_ones.aggregate(n=Count("pk"), total=Sum("total_incl_vat"))
    if not sums["n"]:
        return Found(0)
    came = Payment.objects.filter(cdr__in=open_ones).aggregate(sum=Sum("captured"))["sum"] or NOTHING
    refused = open_ones.filter(Exists(Payment.objects.filter(cdr=OuterRef("pk"), status=Payment.Status.FAILED)))
    return Found(sums["n"], sums["total"] - came, {"failed": refused.count()})


def summed(found: CDRQuerySet) -> Found:
    sums = CDR.objects.filter(pk__in=found.values("pk")).aggregate(n=Count("pk"), total=Sum("total_incl_vat"))
    return Found(sums["n"], sums["total"] if sums["n"] else None)


def _worth(asked: Asked, wh: Decimal | None) -> Decimal | None:
    return assurance.at_price(wh, asked.price) if wh else None
