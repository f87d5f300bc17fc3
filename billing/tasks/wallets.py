"""Prepaid money and companies' budgets: what follows from their changes, and the sweeps behind it."""

import logging
from collections.abc import Callable, Iterable, Sequence

from celery import shared_task

from billing.services.fleets import company_news
from billing.services.prepaid import top_ups, wallet_upkeep
from cms.core.errors import Unavailable

logger = logging.getLogger(__name__)


@shared_task
def follow_top_ups(payment_ids: Sequence[int]) -> None:
    """Behind `payment_changed`: only top-ups move a wallet."""
    for pk in payment_ids:
        top_ups.follow(payment_id=pk)


@shared_task
def wallets_moved(wallet_ids: Sequence[int]) -> None:
    """Behind `wallet_changed`."""
    _each(wallet_ids, lambda pk: wallet_upkeep.moved(wallet_id=pk), "wallet")


@shared_task
def keep_wallets() -> None:
    """The sweep behind both."""
    follow_top_ups(top_ups.due())
    wallets_moved(wallet_upkeep.due())


@shared_task(autoretry_for=(Unavailable,), retry_backoff=30, max_retries=5)
def mail_company_invitation(invitation_id: int) -> None:
    """Behind `company_member_invited`."""
    company_news.invite(invitation_id=invitation_id)


@shared_task
def tell_companies() -> None:
    """Invitations that are still to be mailed, memberships that others ended, and budgets that have passed a level."""
    _each(company_news.missing(), lambda pk: company_news.invite(invitation_id=pk), "invitation")
    _each(company_news.gone(), lambda pk: company_news.tell_gone(event_id=pk), "membership")
    _each(company_news.to_warn(), lambda pk: company_news.warn(company_id=pk), "company")


def _each(ids: Iterable[int], do: Callable[[int], object], what: str) -> None:
    for pk in ids:
        try:
            do(pk)
        except Unavailable:
            logger.warning("provider or mail server away %s=%s", what, pk)
