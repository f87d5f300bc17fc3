"""From a card into the wallet, and back. A wallet follows its payments: what came in and stayed of a top-up is what its entries add
up to, however often and in whatever order the provider tells (docs/decisions/0025)."""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import ApiKey, Driver, Operator, User
from billing.models import DunningCase, Payment, PaymentMethod, Refund, Wallet, WalletEntry, WalletPolicy
from billing.services.cards import methods, payments
from billing.services.prepaid import wallets
from cms.core import money
from cms.core.errors import Conflict, Invalid

Kind, Status = WalletEntry.Kind, Payment.Status

NOTHING = Decimal(0)
RECENT = timedelta(days=2)  # how far the sweep looks back for what an announcement missed


def policy(operator: Operator) -> WalletPolicy:
    """What the operator decided, or what holds where nobody decided: no wallets."""
    return WalletPolicy.objects.filter(operator=operator).first() or WalletPolicy(operator=operator)


def decide(
    *,
    operator: Operator,
    enabled: bool,
    smallest_top_up: Decimal,
    largest_balance: Decimal,
    low_at: Decimal,
    vat_note: str,
    by: User | ApiKey | None,
) -> WalletPolicy:
    """Raises Forbidden; Invalid by field."""
    if by is not None:
        access.demand(by, "operator.edit", operator)
    wrong = {}
    if smallest_top_up <= 0:
        wrong["smallest_top_up"] = [_("More than zero.")]
    if largest_balance < smallest_top_up:
        wrong["largest_balance"] = [_("At least one top-up must fit in.")]
    if low_at < 0:
        wrong["low_at"] = [_("Zero or more.")]
    if wrong:
        raise Invalid(wrong)
    decided = {
        "enabled": enabled,
        "smallest_top_up": smallest_top_up,
        "largest_balance": largest_balance,
        "low_at": low_at,
        "vat_note": vat_note.strip()[:200],
    }
    made, _new = WalletPolicy.objects.update_or_create(operator=operator, defaults=decided)
    return made


def start(*, driver: Driver, amount: Decimal, key: str, method: PaymentMethod | None, return_url: str = "") -> Payment:
    """Asks the card; the money is in the wallet once it has been captured. Without `method` the driver gives a card on our page.
    `key` names the driver's form: sent twice it is one top-up. Not inside a transaction. Raises Invalid amount, Conflict
    wallets_off, Unavailable."""
    _check(driver, amount)
    payment = payments.charge(
        operator=driver.operator,
        amount=amount,
        currency=wallets.of(driver=driver).currency,
        key=f"top-up-{driver.pk}-{key}",
        purpose=Payment.Purpose.TOP_UP,
        method=method,
        driver=driver,
        return_url=return_url,
    )
    follow(payment_id=payment.pk)
    return payment


@transaction.atomic
def follow(*, payment_id: int) -> WalletEntry | None:
    """Brings the wallet in step with a top-up: captured, refunded, failed to refund, disputed or won again. None where it is
    already. What has been spent cannot be taken out again: never below zero."""
    payment = Payment.objects.filter(pk=payment_id, purpose=Payment.Purpose.TOP_UP, driver__isnull=False).first()
    if payment is None or payment.driver is None:
        return None
    wallet = wallets.locked(driver=payment.driver)
    payment.refresh_from_db()
    entered = WalletEntry.objects.filter(wallet=wallet, payment=payment)
    missing = _stays(payment) - wallets.summed(entered)
    missing = max(missing, -wallets.summed(wallet.entries.all()))
    if not missing:
        return None
    kind = Kind.TOP_UP if missing > 0 else Kind.REFUND
    return wallets.enter(wallet, kind, missing, f"payment:{payment.pk}:{entered.count()}", payment=payment)


def due(limit: int = 500) -> list[int]:
    """Top-ups that may not be in their wallet yet: primary keys, for the sweep."""
    top_ups = Payment.objects.filter(purpose=Payment.Purpose.TOP_UP, captured__gt=0)
    entered = WalletEntry.objects.filter(payment=OuterRef("pk"))
    lately = Q(updated_at__gte=timezone.now() - RECENT)
    return list(top_ups.filter(~Exists(entered) | lately).order_by("pk").values_list("pk", flat=True)[:limit])


def take_back(*, payment: Payment, amount: Decimal) -> None:
    """A refund of a top-up is about to be given, in this transaction: the money leaves the wallet first. Raises Conflict
    wallet_too_low."""
    assert payment.driver is not None
    wallet = wallets.locked(driver=payment.driver)
    left = wallets.summed(wallet.entries.all())
    if amount > left:
        raise Conflict(
            _("There is less than that in the wallet: the rest has been spent."), code="wallet_too_low", balance=left
        )
    count = WalletEntry.objects.filter(wallet=wallet, payment=payment).count()
    wallets.enter(wallet, Kind.REFUND, -amount, f"payment:{payment.pk}:{count}", payment=payment)


# ---- by itself ---------------------------------------------------------------------------------------------------------


def set_automatic(*, driver: Driver, below: Decimal | None, amount: Decimal | None) -> Wallet:
    """The driver's wish; both None: no more. Raises Invalid by field, Conflict wallets_off or no_card."""
    wallet = wallets.of(driver=driver)
    if below is not None or amount is not None:
        _check_automatic(driver, below, amount)
    Wallet.objects.filter(pk=wallet.pk).update(
        automatic_below=below, automatic_amount=amount, updated_at=timezone.now()
    )
    wallet.refresh_from_db()
    return wallet


def automatic(*, wallet: Wallet, again: str = "") -> Payment | None:
    """Tops up a wallet that has fallen below what its driver wants: once for each state it is in. A card that refuses is asked again
    as the ladder of debts says (`again`: that attempt's name), and by nothing else. Not inside a transaction. Raises Unavailable."""
    last = WalletEntry.objects.filter(wallet=wallet).order_by("-pk").first()
    method = methods.default_of(wallet.driver)
    if wallet.automatic_below is None or wallet.automatic_amount is None or last is None or method is None:
        return None
    if last.balance >= wallet.automatic_below or not policy(wallet.operator).enabled:
        return None
    if not again and DunningCase.objects.filter(wallet=wallet, closed_at=None).exists():
        return None
    payment = payments.charge(
        operator=wallet.operator,
        amount=wallet.automatic_amount,
        currency=wallet.currency,
        key=f"{automatic_key(wallet)}{last.pk}" + (f"-{again}" if again else ""),
        purpose=Payment.Purpose.TOP_UP,
        method=method,
        driver=wallet.driver,
    )
    follow(payment_id=payment.pk)
    return payment


def automatic_key(wallet: Wallet) -> str:
    """What the keys of its automatic top-ups begin with."""
    return f"top-up-{wallet.driver_id}-after-"


def automatic_of(payment: Payment) -> Wallet | None:
    """The wallet that a payment was to fill by itself."""
    wallet = Wallet.objects.filter(operator=payment.operator_id, driver=payment.driver_id).first()
    return wallet if wallet and payment.idempotency_key.startswith(automatic_key(wallet)) else None


def _check_automatic(driver: Driver, below: Decimal | None, amount: Decimal | None) -> None:
    wrong = {}
    if below is None or below < 0:
        wrong["below"] = [_("Zero or more.")]
    if amount is None:
        wrong["amount"] = [_("How much shall be added each time?")]
    if wrong:
        raise Invalid(wrong)
    _check(driver, amount or NOTHING, on_top_of=below)
    if methods.default_of(driver) is None:
        raise Conflict(_("Add a card first: the money must come from somewhere."), code="no_card")


def _check(driver: Driver, amount: Decimal, *, on_top_of: Decimal | None = None) -> None:
    rules = policy(driver.operator)
    if not rules.enabled:
        raise Conflict(_("This operator keeps no prepaid balances."), code="wallets_off")
    left = wallets.balance(driver=driver) if on_top_of is None else on_top_of
    facts = {"least": rules.smallest_top_up.normalize(), "most": rules.largest_balance.normalize()}
    if not money.is_payable(amount, wallets.of(driver=driver).currency):
        raise Invalid({"amount": [_("No fractions of a cent.")]})
    if amount < rules.smallest_top_up:
        raise Invalid({"amount": [_("At least %(least)s.") % facts]})
    if left + amount > rules.largest_balance:
        raise Invalid({"amount": [_("A wallet holds %(most)s at most.") % facts]})


def _stays(payment: Payment) -> Decimal:
    """What came in of it, less what went back or is about to. A disputed one is the bank's until it is decided."""
    if payment.status == Status.DISPUTED:
        return NOTHING
    pending = payment.refunds.filter(status=Refund.Status.PENDING).aggregate(total=Sum("amount"))["total"]
    return payment.kept - (pending or NOTHING)
