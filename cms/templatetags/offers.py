"""What a code gives, in words, and beside a price: `{% load offers %}{% code_offer evse %}`."""

from decimal import Decimal
from typing import Any

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Driver
from billing.models import Promotion
from billing.services.prepaid import promotions
from cms.templatetags import figures
from stations.models import EVSE

register = template.Library()


@register.filter
def gives(promotion: Promotion) -> str:
    """`−20 %`, `−2,50 €`, `10 kWh free`, `25,00 €`."""
    amount = figures.money(promotion.value, promotion.currency)
    kind = Promotion.Kind(promotion.kind)
    if kind is Promotion.Kind.PERCENT:
        return f"−{_plain(promotion.value)}{figures.NB}%"
    if kind is Promotion.Kind.AMOUNT:
        return f"−{amount}"
    if kind is Promotion.Kind.ENERGY:
        return _("%(energy)s free") % {"energy": f"{_plain(promotion.value)}{figures.NB}kWh"}
    return amount


@register.inclusion_tag("driver/_offer.html", takes_context=True)
def code_offer(context: Context, evse: EVSE) -> dict[str, Any]:
    """The code that would make a charge here cheaper, if this person has one."""
    user = context["request"].user
    if not user.is_authenticated:
        return {}
    driver = Driver.objects.filter(user=user, operator=evse.station.operator_id).first()
    if driver is None:
        return {}
    off = promotions.offer(driver=driver, location_id=evse.station.location_id, at=timezone.now())
    if off is None:
        return {}
    return {"promotion": Promotion.objects.get(redemptions=off.redemption_id)}


def _plain(value: Decimal) -> str:
    """Without idle zeros: 20, 12,5."""
    value = value.normalize()
    return figures.number(value, max(0, -int(value.as_tuple().exponent)))
