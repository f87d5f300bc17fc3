"""What somebody we do not know has to leave before a charge: which price counts for them, and how much of it is held."""

from datetime import datetime
from decimal import Decimal

from accounts.models import Operator
from billing import pricing
from billing.models import TariffVersion
from billing.services.month_end import policies
from stations.models import EVSE


def hold_under(version: TariffVersion | None, operator: Operator) -> Decimal:
    """What is blocked on the card before somebody unknown starts; 0 where the charge is free."""
    if not costs_something(version):
        return Decimal(0)
    return policies.of(operator).hold_amount


def version_for(evse: EVSE, *, at: datetime) -> TariffVersion | None:
    """The price for somebody we do not know."""
    place = pricing.place_of(evse)
    return pricing.tariffs_for([place], at=at, who={place.operator_id: pricing.AD_HOC})[place]


def costs_something(version: TariffVersion | None) -> bool:
    """Where a charge is free nobody is asked for a card."""
    if version is None:
        return False
    tariff = pricing.parsed(version)
    priced = any(component.price for rules in tariff.rules.values() for _element, component in rules)
    return priced or tariff.min_price is not None
