"""Companies that pay for what their people charge."""

from collections import defaultdict
from collections.abc import Sequence

from accounts.models import CompanyMember
from sessions_app.models import ChargingSession


def payers(sessions: Sequence[ChargingSession]) -> dict[int, tuple[int, str]]:
    """(company, cost centre) by session, for drivers who were members at the moment of the start; one query. Others are left
    out: their drivers pay themselves."""
    drivers = {session.driver_id for session in sessions if session.driver_id}
    if not drivers:
        return {}
    belonged: dict[int, list[CompanyMember]] = defaultdict(list)
    for member in CompanyMember.objects.filter(driver__in=drivers).order_by("-joined_at", "-pk"):
        belonged[member.driver_id].append(member)
    found = {session.pk: _member_at(belonged.get(session.driver_id or 0, ()), session) for session in sessions}
    return {pk: (member.company_id, member.cost_centre) for pk, member in found.items() if member is not None}


def _member_at(members: Sequence[CompanyMember], session: ChargingSession) -> CompanyMember | None:
    at = session.started_at
    return next((m for m in members if m.joined_at <= at and (m.left_at is None or at < m.left_at)), None)
