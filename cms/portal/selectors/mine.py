"""What belongs to one person, across all operators they charge at: nothing else exists for them (404)."""

from datetime import datetime

from django.db.models import QuerySet

from accounts.models import Driver, Token, User
from billing.models import CDR, Invoice
from sessions_app.models import ChargingSession, StartRequest
from sessions_app.models.session import SessionQuerySet


def drivers(user: User) -> QuerySet[Driver]:
    return Driver.objects.filter(user=user).select_related("operator").order_by("pk")


def sessions(user: User) -> SessionQuerySet:
    return ChargingSession.objects.filter(driver__user=user).select_related("location", "station", "operator", "token")


def starts(user: User) -> QuerySet[StartRequest]:
    return StartRequest.objects.filter(driver__user=user).select_related(
        "command", "operator", "station__location", "session__location", "session__station", "session__operator"
    )


def pending_start(user: User, *, station: int, evse_id: int, at: datetime) -> StartRequest | None:
    """A start of mine on this EVSE that is still under way: a second tap must find it, not make another."""
    waiting = starts(user).filter(station=station, evse_id=evse_id, status=StartRequest.Status.WAITING)
    return waiting.filter(expires_at__gt=at).order_by("-pk").first()


def cdrs(user: User) -> QuerySet[CDR]:
    """What counts only: neither a credit nor what was credited."""
    return CDR.objects.standing().filter(driver__user=user).select_related("operator", "session")


def invoices(user: User) -> QuerySet[Invoice]:
    return Invoice.objects.filter(driver__user=user).select_related("operator").order_by("-issued_on", "-pk")


def tokens(user: User) -> QuerySet[Token]:
    return Token.objects.filter(driver__user=user).select_related("operator").order_by("operator__name", "type", "pk")
