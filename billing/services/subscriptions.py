"""Who has a plan: from the first fee to the last day."""

from collections.abc import Iterable, Mapping, Sequence

from billing.services import allowances as left
from sessions_app.models import ChargingSession


def allowances(sessions: Sequence[ChargingSession]) -> dict[int, left.Allowance]:
    """What is left of their drivers' plans, for rating; see `billing.services.allowances`."""
    return left.of_sessions(sessions)


def used(uses: Iterable[left.Use]) -> None:
    """What rating made of it."""
    left.take(uses)


def given_back(credits: Mapping[int, int]) -> None:
    """What credit records take back: credit → credited."""
    left.give_back(credits)
