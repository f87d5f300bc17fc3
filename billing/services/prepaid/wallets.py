"""Money paid ahead. Each entry is written while the wallet's row is locked, so two charges at once never spend the same euro; the
database refuses a balance below zero as well (docs/decisions/0025)."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from functools import partial

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import ApiKey, Driver, User
from billing import signals
from billing.models import CDR, Wallet, WalletEntry
from cms.core import money
from cms.core.errors import Conflict, Forbidden, Invalid

NOTHING = Decimal(0)
MONTH = timedelta(days=30)
SUPPORT_LIMIT = Decimal(50)  # what a support agent puts right without asking, in the wallet's currency


def of(*, driver: Driver) -> Wallet:
    """The driver's wallet at this operator, made on first use in the operator's currency of that day."""
    try:
        with transaction.atomic():
            wallet, _made = Wallet.objects.get_or_create(
                operator_id=driver.operator_id, driver=driver, defaults={"currency": driver.operator.currency}
            )
    except IntegrityError:  # two pages at once
        wallet = Wallet.objects.get(operator_id=driver.operator_id, driver=driver)
    return wallet


def balance(*, driver: Driver) -> Decimal:
    """What is in the wallet, 0 where there is none. Never below zero."""
    return summed(WalletEntry.objects.filter(wallet__driver=driver, wallet__operator=driver.operator_id))


def balances(driver_ids: Iterable[int]) -> dict[int, Decimal]:
    """Of drivers who have a wallet: one query."""
    found = Wallet.objects.filter(driver__in=list(driver_ids)).annotate(left=Sum("entries__amount"))
    return {driver: left or NOTHING for driver, left in found.values_list("driver_id", "left")}


@transaction.atomic
def pay(*, cdr: CDR) -> bool:
    """Pays a charge from its driver's wallet, whole or not at all (docs/decisions/0025). True if it is paid, now or before."""
    wallet = Wallet.objects.filter(driver=cdr.driver_id, operator=cdr.operator_id, currency=cdr.currency).first()
    if wallet is None or cdr.driver_id is None or cdr.total_incl_vat <= 0:
        return False
    _lock(wallet)
    key = f"cdr:{cdr.pk}"
    if WalletEntry.objects.filter(wallet=wallet, key=key).exists():
        return True
    if summed(wallet.entries.all()) < cdr.total_incl_vat:
        return False
    enter(wallet, WalletEntry.Kind.CHARGE, -cdr.total_incl_vat, key, cdr=cdr)
    return True


@transaction.atomic
def give_back(*, cdr: CDR) -> bool:
    """What was paid from the wallet for a charge that has been credited since. True if something came back, now or before."""
    paid = WalletEntry.objects.filter(cdr=cdr, kind=WalletEntry.Kind.CHARGE).select_related("wallet").first()
    if paid is None or not CDR.objects.filter(credits=cdr.pk).exists():
        return False
    _lock(paid.wallet)
    if not WalletEntry.objects.filter(wallet=paid.wallet, key=f"cdr-back:{cdr.pk}").exists():
        enter(paid.wallet, WalletEntry.Kind.REFUND, -paid.amount, f"cdr-back:{cdr.pk}", cdr=cdr)
    return True


def to_give_back(limit: int = 500) -> list[int]:
    """Charge records that were credited after a wallet had paid them: primary keys, for the sweep."""
    returned = WalletEntry.objects.filter(cdr=OuterRef("cdr"), kind=WalletEntry.Kind.REFUND)
    paid = WalletEntry.objects.filter(kind=WalletEntry.Kind.CHARGE, cdr__credited_by__isnull=False)
    found = paid.filter(~Exists(returned)).order_by("pk")
    return [pk for pk in found.values_list("cdr_id", flat=True)[:limit] if pk is not None]


@transaction.atomic
def credit(
    *, driver: Driver, amount: Decimal, kind: str, key: str, by: User | None = None, reason: str = ""
) -> WalletEntry:
    """Puts money in; `key` makes a second call give the first entry back."""
    wallet = of(driver=driver)
    _lock(wallet)
    known = WalletEntry.objects.filter(wallet=wallet, key=key).first()
    return known or enter(wallet, kind, amount, key, by=by, reason=reason)


@transaction.atomic
def correct(*, driver: Driver, amount: Decimal, reason: str, key: str, by: User | ApiKey) -> WalletEntry:
    """A person's correction, up or down but never below zero, within the limit of the role. Raises Forbidden, Invalid by field, Conflict
    wallet_too_low."""
    _demand(driver, amount, by)
    wrong = {}
    if not amount:
        wrong["amount"] = [_("An amount other than zero.")]
    elif not money.is_payable(amount, of(driver=driver).currency):
        wrong["amount"] = [_("No fractions of a cent.")]
    if not reason.strip():
        wrong["reason"] = [_("Say why: the driver and the accountant read it.")]
    if wrong:
        raise Invalid(wrong)
    wallet = of(driver=driver)
    _lock(wallet)
    known = WalletEntry.objects.filter(wallet=wallet, key=key).first()
    if known:
        return known
    left = summed(wallet.entries.all())
    if left + amount < 0:
        raise Conflict(_("There is less than that in the wallet."), code="wallet_too_low", balance=left)
    person = by if isinstance(by, User) else None
    return enter(wallet, WalletEntry.Kind.CORRECTION, amount, key, by=person, reason=reason.strip()[:200])


def _demand(driver: Driver, amount: Decimal, by: User | ApiKey) -> None:
    """Raises Forbidden: a role without corrections, or one that moves no more than so much of a wallet in a month."""
    access.demand(by, "wallet.correct", driver)
    if access.can(by, "wallet.correct_any", driver):
        return
    lately = WalletEntry.objects.filter(
        wallet__driver=driver, kind=WalletEntry.Kind.CORRECTION, created_at__gte=timezone.now() - MONTH
    )
    moved = sum((abs(entry.amount) for entry in lately), NOTHING)
    if moved + abs(amount) > SUPPORT_LIMIT:
        raise Forbidden(
            _("Your role corrects a wallet by up to %(limit)s in a month. Ask a manager for more.")
            % {"limit": SUPPORT_LIMIT},
            action="wallet.correct_any",
        )


def locked(*, driver: Driver) -> Wallet:
    """The driver's wallet, its row locked until the transaction ends."""
    wallet = of(driver=driver)
    _lock(wallet)
    return wallet


def _lock(wallet: Wallet) -> None:
    Wallet.objects.select_for_update().get(pk=wallet.pk)


def summed(entries: QuerySet[WalletEntry]) -> Decimal:
    return entries.aggregate(total=Sum("amount"))["total"] or NOTHING


def enter(wallet: Wallet, kind: str, amount: Decimal, key: str, **facts: object) -> WalletEntry:
    """Writes an entry of a wallet that the caller has locked. The row's own check is the last word on what is left."""
    left = summed(wallet.entries.all()) + amount
    entry = WalletEntry.objects.create(wallet=wallet, kind=kind, amount=amount, balance=left, key=key, **facts)
    announce = partial(signals.wallet_changed.send_robust, sender=Wallet, ids=[wallet.pk])
    transaction.on_commit(announce, robust=True)
    return entry
