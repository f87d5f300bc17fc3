"""What a person has paid ahead, operator by operator."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

from accounts.models import Driver, User
from billing.models import PaymentMethod, Redemption, Wallet, WalletEntry, WalletPolicy
from billing.services.cards import methods
from billing.services.prepaid import top_ups, wallets
from cms.portal.selectors import mine

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Purse:
    """`wallet` is None before the first top-up; `entries` the newest first."""

    driver: Driver
    policy: WalletPolicy
    wallet: Wallet | None
    balance: Decimal
    card: PaymentMethod | None
    entries: Sequence[WalletEntry]

    @property
    def currency(self) -> str:
        return self.wallet.currency if self.wallet else self.driver.operator.currency

    @property
    def low(self) -> bool:
        return self.wallet is not None and self.balance < self.policy.low_at

    @property
    def amounts(self) -> list[Decimal]:
        """Round sums to tap on, that this operator takes and this wallet can hold."""
        room = self.policy.largest_balance - self.balance
        usual = [Decimal(amount) for amount in (20, 50, 100)]
        return [amount for amount in usual if self.policy.smallest_top_up <= amount <= room]


def of(user: User, *, entries: int = SHOWN) -> list[Purse]:
    """At operators that keep prepaid balances, or kept one for this person. With its few queries for each."""
    found = []
    for driver in mine.drivers(user).select_related("operator__wallet_policy"):
        wallet = Wallet.objects.filter(driver=driver).first()
        policy = top_ups.policy(driver.operator)
        if wallet is None and not policy.enabled:
            continue
        rows = _entries(wallet)[:entries] if wallet else []
        balance = wallets.balance(driver=driver)
        found.append(Purse(driver, policy, wallet, balance, methods.default_of(driver), list(rows)))
    return found


def redemptions(user: User) -> QuerySet[Redemption]:
    """The codes that this person entered, newest first."""
    own = Redemption.objects.filter(driver__user=user).select_related("promotion__operator", "promotion__group")
    return own.order_by("-pk")


def _entries(wallet: Wallet) -> QuerySet[WalletEntry]:
    found = WalletEntry.objects.filter(wallet=wallet).select_related("cdr__session__location", "payment__method")
    return found.order_by("-pk")
