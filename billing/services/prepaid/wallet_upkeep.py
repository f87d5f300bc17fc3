"""What follows when a wallet has changed: open charges are paid from it, it is topped up where the driver wants that, and who is
about to run out hears of it. Everything here may run again and changes nothing then."""

from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import F, Sum
from django.urls import reverse
from django.utils import timezone, translation

from accounts.notifications import once, send
from billing import pricing
from billing.models import Payment, Wallet, WalletEntry
from billing.services.debts import chasing, settling
from billing.services.prepaid import top_ups, wallets

RECENT = timedelta(hours=1)


def moved(*, wallet_id: int) -> None:
    """Raises Unavailable where the provider or the mail server does not answer; the sweep comes back."""
    wallet = Wallet.objects.select_related("driver__user", "driver__operator", "operator").get(pk=wallet_id)
    last = WalletEntry.objects.filter(wallet=wallet).order_by("-pk").first()
    if last is None:
        return
    _document(wallet)
    if last.amount > 0:
        for cdr in settling.of_driver(wallet.driver_id):
            settling.settle(cdr_id=cdr)
    topped_up = top_ups.automatic(wallet=wallet)
    if topped_up is not None and topped_up.status == Payment.Status.FAILED:
        chasing.watch([topped_up.pk])
    if topped_up is None or topped_up.status == Payment.Status.FAILED:
        _warn(wallet)


def _document(wallet: Wallet) -> None:
    """A mail for each payment into the wallet, and for money that went back to a card, with what the operator says of the VAT."""
    kinds = (WalletEntry.Kind.TOP_UP, WalletEntry.Kind.REFUND)
    lately = WalletEntry.objects.filter(
        wallet=wallet, kind__in=kinds, payment__isnull=False, created_at__gte=timezone.now() - RECENT
    )
    user = wallet.driver.user
    for entry in lately.select_related("payment__method").order_by("pk"):
        facts = {
            "operator": wallet.operator,
            "entry": entry,
            "amount": abs(entry.amount),
            "currency": wallet.currency,
            "vat_note": top_ups.policy(wallet.operator).vat_note,
            "link": settings.PUBLIC_URL.rstrip("/") + reverse("portal:wallet"),
        }
        once.send(key=f"wallet-entry:{entry.pk}", to=user.email, deliver=partial(_mail, wallet, facts))


def _mail(wallet: Wallet, facts: dict[str, Any]) -> None:
    user, operator = wallet.driver.user, wallet.operator
    language = user.language or operator.language
    with translation.override(language), timezone.override(pricing.zone(operator.time_zone)):
        send.to_user(user=user, name="emails/wallet_paid", facts=facts, language=language)


def due() -> list[int]:
    """Wallets to look at again, by primary key: those that want to be topped up, whenever they fell, and those that changed in the
    last hour. (What they could pay the sweep of `settling` finds.)"""
    wanting = Wallet.objects.filter(automatic_below__isnull=False).annotate(left=Sum("entries__amount"))
    fallen = wanting.filter(left__lt=F("automatic_below")).values_list("pk", flat=True)
    changed = WalletEntry.objects.filter(created_at__gte=timezone.now() - RECENT).order_by()
    return sorted({*fallen, *changed.values_list("wallet_id", flat=True).distinct()})


def _warn(wallet: Wallet) -> None:
    """Once each time that a charge brings the balance below the operator's mark."""
    low_at = top_ups.policy(wallet.operator).low_at
    last = WalletEntry.objects.filter(wallet=wallet).order_by("-pk").first()
    if last is None or not last.balance < low_at <= last.balance - last.amount:
        return
    user = wallet.driver.user
    language = user.language or wallet.operator.language
    facts = {
        "operator": wallet.operator,
        "left": wallets.balance(driver=wallet.driver),
        "currency": wallet.currency,
        "link": settings.PUBLIC_URL.rstrip("/") + reverse("portal:wallet"),
    }
    once.send(
        key=f"wallet-low:{last.pk}",
        to=user.email,
        deliver=lambda: send.to_user(user=user, name="emails/wallet_low", facts=facts, language=language),
    )
