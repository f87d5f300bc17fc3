"""Charges without an account, found by what somebody holds in their hand: a secret link, a socket, a session."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from billing.models import CDR, AdhocCharge
from sessions_app.models import ChargingSession, StartRequest


def all_of_it() -> QuerySet[AdhocCharge]:
    """With everything that its pages show."""
    return AdhocCharge.objects.select_related(
        "operator",
        "payment__method",
        "tariff_version__tariff",
        "evse__station__location",
        "evse__station__operator",
        "start__command",
        "start__operator",
        "start__station__location",
        "start__session__location",
        "start__session__station",
        "start__session__operator",
        "start__session__token",
    )


def by_token(token: str) -> AdhocCharge | None:
    return all_of_it().filter(public_token=token).first() if token else None


def running(tokens: Iterable[str], *, evse: int | None = None) -> list[AdhocCharge]:
    """Of these secrets, those whose charge is starting or runs, newest first."""
    wanted = list(tokens)
    if not wanted:
        return []
    alive = Q(start__status=StartRequest.Status.WAITING) | Q(start__session__status=ChargingSession.Status.ACTIVE)
    found = all_of_it().filter(alive, status=AdhocCharge.Status.STARTED, public_token__in=wanted)
    return list((found if evse is None else found.filter(evse=evse)).order_by("-pk"))


def last_ended(tokens: Iterable[str]) -> AdhocCharge | None:
    """Whose receipt somebody may still be looking for."""
    wanted = list(tokens)
    ended = all_of_it().filter(start__session__status=ChargingSession.Status.COMPLETED, public_token__in=wanted)
    return ended.order_by("-pk").first() if wanted else None


def cdr_of(charge: AdhocCharge) -> CDR | None:
    """What its session costs, once that is known; the newest that counts."""
    if charge.start is None or charge.start.session_id is None:
        return None
    standing = CDR.objects.standing().filter(session=charge.start.session_id)
    return (
        standing.select_related("operator", "driver__operator", "tariff_version", "session")
        .order_by("-revision")
        .first()
    )
