"""The demo's ways in, for the terminal and for the sign-in page."""

from django.db.models import QuerySet

from accounts.models import User

from . import cast

ROLES = (
    (cast.OLGA, "runs Rete Adriatica"),
    (cast.TOM, "answers its phone"),
    (cast.ANNA, "keeps its books"),
    (cast.LUCA, "mends its stations"),
    (cast.PAOLA, "hosts stations on her parking place"),
    (cast.DARIO, "charges there"),
    (cast.CARLA, "runs Costa Ovest and sees nothing of the others"),
)


def lines() -> list[str]:
    """One per login, ready to print."""
    return [f"    {person.email:<24} {cast.PASSWORD}   {who}" for person, who in ROLES]


def lock() -> int:
    """Without DEMO nobody signs in as one of them, even where an earlier demo has left its rows. Returns how many there were."""
    return _people().filter(is_active=True).update(is_active=False)


def unlock() -> None:
    _people().filter(is_active=False).update(is_active=True)


def _people() -> "QuerySet[User]":
    companies = cast.COMPANIES
    members = [person.email for company in companies for person, _role in company.members]
    drivers = [person.email for company in companies for person in company.drivers]
    return User.objects.filter(email__in=[*members, *drivers])
