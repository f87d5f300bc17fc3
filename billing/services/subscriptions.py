"""Who has a plan: from the first fee to the last day."""

from collections.abc import Iterable, Mapping, Sequence

from billing.services import allowances as months
from sessions_app.models import ChargingSession


def allowances(sessions: Sequence[ChargingSession]) -> dict[int, months.Allowance]:
    """What is left of their drivers' plans, for rating; see `billing.services.allowances`."""
    return months.of_sessions(sessions)


def used(uses: Iterable[months.Use]) -> None:
    """What rating made of it."""
    months.take(uses)


def given_back(credits: Mapping[int, int]) -> None:
    """What credit records take back: credit → credited."""
    months.give_back(credits)
