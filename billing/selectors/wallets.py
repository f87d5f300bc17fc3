"""What drivers have paid ahead, as their operator sees it: money that is owed to them in charges."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Max, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from accounts.models import Operator
from billing.models import Wallet, WalletEntry
from cms.core.fields import MoneyField
from cms.core.models import Actor

NOTHING = Decimal(0)


def listed(actor: Actor, operator: Operator, *, name: str = "") -> "QuerySet[Wallet]":
    """The fullest first, with `left` and `moved_at`."""
    found = Wallet.objects.visible_to(actor).filter(operator=operator).select_related("driver__user")
    if name:
        person = "driver__user__"
        found = found.filter(
            Q(driver__billing_name__icontains=name)
            | Q(**{f"{person}email__icontains": name})
            | Q(**{f"{person}first_name__icontains": name})
            | Q(**{f"{person}last_name__icontains": name})
        )
    return with_balance(found).order_by("-left", "pk")


def with_balance(wallets: "QuerySet[Wallet]") -> "QuerySet[Any]":
    """Wallets with `left` and `moved_at`."""
    return wallets.annotate(
        left=Coalesce(Sum("entries__amount"), Value(NOTHING, output_field=MoneyField())),
        moved_at=Max("entries__created_at"),
    )


def owed(operator: Operator) -> list[tuple[str, Decimal, int]]:
    """What is in all wallets together: (currency, amount, wallets that hold something)."""
    held: dict[str, list[Decimal]] = {}
    rows = with_balance(Wallet.objects.filter(operator=operator)).filter(left__gt=0)
    for currency, left in rows.values_list("currency", "left"):
        held.setdefault(currency, []).append(left)
    return [(currency, sum(amounts, NOTHING), len(amounts)) for currency, amounts in sorted(held.items())]


def moved(wallets: Sequence[Wallet], since: datetime, until: datetime) -> dict[int, dict[str, Decimal]]:
    """By primary key: what came and went in that time by kind of entry, and `opening` before it. One query."""
    found: dict[int, dict[str, Decimal]] = {wallet.pk: {} for wallet in wallets}
    entries = WalletEntry.objects.filter(wallet__in=list(found), created_at__lt=until)
    sums = entries.values("wallet_id", "kind").order_by()
    before, within = Sum("amount", filter=Q(created_at__lt=since)), Sum("amount", filter=Q(created_at__gte=since))
    for row in sums.annotate(before=before, within=within):
        mine = found[row["wallet_id"]]
        mine["opening"] = mine.get("opening", NOTHING) + (row["before"] or NOTHING)
        mine[row["kind"]] = row["within"] or NOTHING
    return found
