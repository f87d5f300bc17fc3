"""What a driver must learn about a payment while nobody looks at a page: by mail, once."""

from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import SentMail
from accounts.notifications import email, once
from billing.models import Payment
from billing.payments import declines

FRESH = timedelta(hours=2)  # what is older was told on the pages


def due(limit: int = 200) -> list[int]:
    """Payments because of which a charge was stopped. (What is owed: `debts.letters`.)"""
    fresh = Payment.objects.filter(updated_at__gte=timezone.now() - FRESH, driver__isnull=False)
    found = fresh.filter(stop_asked_at__isnull=False).order_by("pk").values_list("pk", flat=True)[:limit]
    keys = {_key(pk): pk for pk in found}
    known = set(SentMail.objects.filter(key__in=keys, sent_at__isnull=False).values_list("key", flat=True))
    return [pk for key, pk in keys.items() if key not in known]


def tell(*, payment_id: int) -> bool:
    """Returns whether this call wrote. Raises Unavailable where the mail server is away."""
    payment = Payment.objects.select_related("driver__user", "operator").get(pk=payment_id)
    if payment.driver is None or payment.stop_asked_at is None:
        return False
    user, language = payment.driver.user, payment.driver.user.language or payment.operator.language
    with translation.override(language):
        why = declines.sentence(payment.error_code) if payment.error_code else ""
    facts = {
        "payment": payment,
        "why": why,
        "operator": payment.operator,
        "url": settings.PUBLIC_URL + reverse("portal:payment"),
    }
    return once.send(
        key=_key(payment_id),
        to=user.email,
        deliver=lambda: email.send(to=user.email, name="emails/charge_stopped", facts=facts, language=language),
    )


def _key(payment_id: int) -> str:
    return f"payment-stop:{payment_id}"
