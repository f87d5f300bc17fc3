"""Saved cards. The number is typed at the provider (or on its page), never here: we keep what it looks like and the provider's
reference. Never inside a transaction."""

import uuid
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Company, Driver
from billing import signals
from billing.models import Payment, PaymentMethod
from billing.payments import gateway
from billing.payments.gateway import Setup, State, Unknown
from billing.services.cards import payment_customers
from cms.core.errors import Conflict

Status = PaymentMethod.Status

FORGOTTEN = timedelta(days=1)  # a card that nobody went on saving


def add(*, payer: Driver | Company, return_url: str) -> PaymentMethod:
    """A card that is being saved: the browser goes to `action_url`, or the page uses `client_secret`; `refresh` learns the end.
    Raises Unavailable."""
    provider = gateway.current()
    customer = payment_customers.of(payer, provider.name)
    owner = _owner(payer)
    uid = uuid.uuid4()
    setup = provider.save_card(customer=customer, return_url=return_url, key=f"method-{uid}")
    return PaymentMethod.objects.create(
        **owner,
        operator_id=payer.operator_id,
        uid=uid,
        gateway=provider.name,
        setup_id=setup.reference,
        client_secret=setup.client_secret,
        action_url=setup.action_url,
    )


def refresh(*, method: PaymentMethod) -> PaymentMethod:
    """Asks the provider whether it was saved. The first card is the one that is charged. Raises Unavailable."""
    if method.status != Status.PENDING:
        return method
    try:
        setup = gateway.of(method.gateway).setup(reference=method.setup_id)
    except Unknown:
        return _forget(method)
    if setup.state == State.CAPTURED and setup.card is not None:
        _saved(method, setup)
    elif setup.state in (State.FAILED, State.RELEASED):
        _change(
            method, Status.PENDING, status=Status.FAILED, error_code=setup.error_code, client_secret="", action_url=""
        )
    elif setup.error_code != method.error_code:
        _change(method, Status.PENDING, error_code=setup.error_code)
    method.refresh_from_db()
    return method


def make_default(*, method: PaymentMethod) -> None:
    """Raises Conflict method_not_usable."""
    with transaction.atomic():
        _lock_payer(method)
        if not PaymentMethod.objects.usable().filter(pk=method.pk).exists():
            raise Conflict(_("This card cannot be used."), code="method_not_usable")
        _of_payer(method).filter(is_default=True).update(is_default=False)
        PaymentMethod.objects.filter(pk=method.pk).update(is_default=True, updated_at=timezone.now())
    method.refresh_from_db()


def remove(*, method: PaymentMethod) -> None:
    """The newest of the others becomes the default. Raises Conflict method_in_use while a hold or a payment on it is open,
    Unavailable."""
    with transaction.atomic():
        _lock_payer(method)
        if Payment.objects.open().filter(method=method).exists():
            raise Conflict(_("A charge is being paid with this card."), code="method_in_use")
        gone = PaymentMethod.objects.filter(pk=method.pk).exclude(status=Status.REMOVED)
        gone.update(status=Status.REMOVED, is_default=False, updated_at=timezone.now())
        others = _of_payer(method).usable()
        if not others.filter(is_default=True).exists():
            newest = list(others.order_by("-pk").values_list("pk", flat=True)[:1])
            PaymentMethod.objects.filter(pk__in=newest).update(is_default=True)
    method.refresh_from_db()
    if method.gateway_id:
        gateway.of(method.gateway).forget_card(card=method.gateway_id)


def default_of(payer: Driver | Company) -> PaymentMethod | None:
    """The card that is charged when nobody is there."""
    return PaymentMethod.objects.usable().filter(**_owner(payer), is_default=True).first()


def due(limit: int = 200) -> list[int]:
    """Cards that somebody began to save and whose end nobody has told us."""
    now = timezone.now()
    waiting = PaymentMethod.objects.filter(status=Status.PENDING, created_at__lte=now - timedelta(minutes=1))
    return list(waiting.order_by("pk").values_list("pk", flat=True)[:limit])


def sweep(*, method_id: int) -> None:
    """Raises Unavailable."""
    method = refresh(method=PaymentMethod.objects.get(pk=method_id))
    if method.status == Status.PENDING and method.created_at < timezone.now() - FORGOTTEN:
        _forget(method)


def _saved(method: PaymentMethod, setup: Setup) -> None:
    card = setup.card
    assert card is not None
    with transaction.atomic():
        _lock_payer(method)
        first = not _of_payer(method).usable().filter(is_default=True).exists()
        moved = _change(
            method,
            Status.PENDING,
            status=Status.ACTIVE,
            gateway_id=card.reference,
            kind=card.kind,
            brand=card.brand,
            last4=card.last4,
            exp_month=card.exp_month,
            exp_year=card.exp_year,
            wallet=card.wallet,
            is_default=first,
            error_code="",
            client_secret="",
            action_url="",
        )
        if moved:
            announce = partial(signals.payment_method_saved.send_robust, sender=PaymentMethod, ids=[method.pk])
            transaction.on_commit(announce, robust=True)


def _forget(method: PaymentMethod) -> PaymentMethod:
    _change(method, Status.PENDING, status=Status.FAILED, client_secret="", action_url="")
    method.refresh_from_db()
    return method


def _change(method: PaymentMethod, before: str, **facts: Any) -> int:
    return PaymentMethod.objects.filter(pk=method.pk, status=before).update(**facts, updated_at=timezone.now())


def _owner(payer: Driver | Company) -> dict[str, Any]:
    return {"driver": payer} if isinstance(payer, Driver) else {"company": payer}


def _of_payer(method: PaymentMethod) -> Any:
    owner = {"driver": method.driver_id} if method.driver_id else {"company": method.company_id}
    return PaymentMethod.objects.filter(**owner)


def _lock_payer(method: PaymentMethod) -> None:
    if method.driver is not None:
        list(Driver.objects.select_for_update(no_key=True).filter(pk=method.driver.pk))
    elif method.company is not None:
        list(Company.objects.select_for_update(no_key=True).filter(pk=method.company.pk))
