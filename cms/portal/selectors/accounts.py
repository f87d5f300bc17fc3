"""How a person pays, operator by operator: cards, what is held, what is still owed."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from accounts.models import Driver, User
from billing.models import CDR, Payment, PaymentMethod
from billing.payments import declines
from billing.services.cards import held_starts, saved_cards
from billing.services.debts import credit_check, settling
from billing.services.fleets import memberships
from billing.services.prepaid import wallets
from cms.portal.selectors import mine, purses
from cms.portal.selectors.purses import Purse
from sessions_app.services.authorisation import Refusal
from stations.models import EVSE

MOST_DEBTS = 20
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Debt:
    """A charge that nobody has paid. `why` is the bank's answer in words, "" where nobody was asked."""

    cdr: CDR
    amount: Decimal
    why: str


@dataclass(frozen=True, slots=True)
class Account:
    """One driver row: a person is another customer at each operator. `purse` is None where the operator keeps no balances."""

    driver: Driver
    cards: Sequence[PaymentMethod]
    holds: Sequence[Payment]
    debts: Sequence[Debt]
    purse: Purse | None


_REMEDIES = {
    "wallet_empty": "portal:wallet",
    "payment_overdue": "portal:plan",
    "member_cap_reached": "portal:company",
    "company_cap_reached": "portal:company",
}


@dataclass(frozen=True, slots=True)
class AtStart:
    """Who pays when this person starts here: what is held (0: nothing), on which card; `wallet` is what is in theirs. `tap` makes a
    second tap on the same page the first. `refusal`: why nothing would start, said before the cable is plugged in."""

    hold: Decimal
    cards: Sequence[PaymentMethod]
    company: str
    tap: str
    wallet: Decimal = NOTHING
    currency: str = ""
    refusal: Refusal | None = None

    @property
    def remedy(self) -> str:
        """The page where that can be put right, by the name of its address."""
        return _REMEDIES.get(self.refusal.code, "") if self.refusal else ""


def at_start(user: User, evse: EVSE, *, at: datetime) -> AtStart:
    operator = evse.station.operator_id
    driver = mine.drivers(user).filter(operator=operator).first()
    hold = held_starts.amount_for(user=user, evse=evse, at=at)
    if driver is None:
        return AtStart(hold, (), "", secrets.token_hex(8))
    member = memberships.of(driver)
    company = str(member.company) if member else ""
    return AtStart(
        hold,
        saved_cards.of(driver),
        company,
        secrets.token_hex(8),
        NOTHING if member else wallets.balance(driver=driver),
        driver.operator.currency,
        credit_check.refusals([driver.pk]).get(driver.pk),
    )


def of(user: User) -> list[Account]:
    kept = {purse.driver.pk: purse for purse in purses.of(user, entries=0)}
    return [
        Account(driver, saved_cards.of(driver), _holds(driver), debts(driver), kept.get(driver.pk))
        for driver in mine.drivers(user)
    ]


def debts(driver: Driver) -> list[Debt]:
    """Newest first."""
    owed = CDR.objects.billable().filter(driver=driver, company=None, total_incl_vat__gt=0)
    owed = owed.exclude(
        payment__status__in=(Payment.Status.CAPTURED, Payment.Status.AUTHORIZED, Payment.Status.REFUNDED)
    )
    rows = owed.select_related("session__location", "operator").order_by("-pk")[:MOST_DEBTS]
    return [Debt(cdr, settling.open_amount(cdr), _why(cdr)) for cdr in rows if settling.open_amount(cdr) > 0]


def debt(user: User, pk: int) -> CDR | None:
    return mine.cdrs(user).select_related("driver", "operator").filter(pk=pk, company=None).first()


def card(user: User, pk: int) -> PaymentMethod | None:
    return PaymentMethod.objects.usable().filter(driver__user=user, pk=pk).select_related("driver").first()


def _holds(driver: Driver) -> list[Payment]:
    held = Payment.objects.holds().filter(driver=driver).select_related("method", "session__location")
    return list(held.order_by("-pk"))


def _why(cdr: CDR) -> str:
    failed = cdr.payments.filter(status=Payment.Status.FAILED).order_by("-pk").first()
    return declines.sentence(failed.error_code) if failed else ""
