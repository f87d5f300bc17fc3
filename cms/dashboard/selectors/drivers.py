"""People who charge at an operator, and what they did there."""

from django.db.models import Count, Max, Q, QuerySet

from accounts.models import Driver, Operator
from billing.models import Invoice
from sessions_app.models import ChargingSession


def matching(operator: Operator, search: str) -> QuerySet[Driver]:
    """Newest first; by name, e-mail, company, VAT number or card."""
    found = Driver.objects.filter(operator=operator).select_related("user").order_by("-pk")
    if search:
        found = found.filter(
            Q(user__email__icontains=search)
            | Q(user__first_name__icontains=search)
            | Q(user__last_name__icontains=search)
            | Q(billing_name__icontains=search)
            | Q(vat_number__icontains=search)
            | Q(tokens__key__contains=search.upper())
        ).distinct()
    return found


def charges(drivers: list[Driver]) -> dict[int, dict[str, object]]:
    """Per driver: number of charges and when the last one began. One query."""
    rows = (
        ChargingSession.objects.filter(driver__in=drivers, discarded=False)
        .values("driver")
        .annotate(n=Count("pk"), last=Max("started_at"))
    )
    return {row["driver"]: {"n": row["n"], "last": row["last"]} for row in rows}


def sessions(driver: Driver, most: int = 20) -> QuerySet[ChargingSession]:
    return ChargingSession.objects.filter(driver=driver).select_related("station", "location").order_by("-pk")[:most]


def invoices(driver: Driver, most: int = 20) -> QuerySet[Invoice]:
    return Invoice.objects.filter(driver=driver).order_by("-pk")[:most]
