"""What a driver may do with their own cards; `methods` does it."""

from django.utils.translation import gettext as _

from accounts.models import Driver
from billing.models import CDR, PaymentMethod, Subscription
from billing.services.cards import methods
from cms.core.errors import Conflict
from sessions_app.models import ChargingSession

_PAYS = (Subscription.Status.STARTING, Subscription.Status.ACTIVE, Subscription.Status.PAST_DUE)


def of(driver: Driver) -> list[PaymentMethod]:
    """The one that is charged first, then the newest."""
    cards = PaymentMethod.objects.usable().filter(driver=driver)
    return sorted(cards, key=lambda card: (not card.is_default, -card.pk))


def needed(method: PaymentMethod) -> bool:
    """Is it the last card, with something running that it will have to pay?"""
    driver = method.driver_id
    if driver is None or PaymentMethod.objects.usable().filter(driver=driver).exclude(pk=method.pk).exists():
        return False
    running = ChargingSession.objects.active().filter(driver=driver)
    plan = Subscription.objects.filter(driver=driver, status__in=_PAYS)
    return running.exists() or plan.exists() or CDR.objects.unpaid().filter(driver=driver).exists()


def remove(*, method: PaymentMethod) -> None:
    """Raises Conflict card_needed (add another one first) and method_in_use, Unavailable."""
    if needed(method):
        raise Conflict(
            _("This is your only card and something is still to be paid with it. Add another one first."),
            code="card_needed",
        )
    methods.remove(method=method)
