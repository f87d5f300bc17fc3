"""Who a payer is at the provider: made there once, the first time it is needed."""

from accounts.models import Company, Driver
from billing.models import Payment, PaymentCustomer
from billing.payments import gateway


def reference(payment: Payment) -> str:
    """The provider's id of the payer; "" for somebody without an account. Raises Unavailable."""
    payer = payment.driver or payment.company
    return of(payer, payment.gateway) if payer else ""


def of(payer: Driver | Company, name: str) -> str:
    """Killed between the provider's answer and ours, the same key finds the same customer."""
    owner = {"driver": payer} if isinstance(payer, Driver) else {"company": payer}
    row, _new = PaymentCustomer.objects.get_or_create(
        **owner, gateway=name, defaults={"operator_id": payer.operator_id}
    )
    if not row.gateway_id:
        kind = next(iter(owner))
        row.gateway_id = gateway.of(name).customer(
            reference=f"{kind}-{payer.pk}",
            name=str(payer),
            email=payer.user.email if isinstance(payer, Driver) else "",
            key=f"customer-{row.pk}-{row.created_at:%Y%m%d%H%M%S%f}",
        )
        PaymentCustomer.objects.filter(pk=row.pk).update(gateway_id=row.gateway_id)
    return row.gateway_id
