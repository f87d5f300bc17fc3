"""Whom to call: the operator of the charger one stands at, then those one charges with."""

from django.contrib.auth.models import AnonymousUser

from accounts.models import Operator, User
from cms.portal.selectors import mine
from stations.models import EVSE


def of(user: User | AnonymousUser, evse: EVSE | None) -> list[Operator]:
    """Operators with a phone or an address to write to, the nearest concern first; without any hint, all of them if few."""
    operators = [evse.station.operator] if evse else []
    if user.is_authenticated:
        operators += [driver.operator for driver in mine.drivers(user)]
    if not operators:
        operators = list(Operator.objects.exclude(support_phone="", support_email="").order_by("name")[:10])
    return [o for o in dict.fromkeys(operators) if o.support_phone or o.support_email]
