"""What an operator's bookkeeper has decided."""

import json
from collections.abc import Mapping
from decimal import Decimal

from accounts import access
from accounts.models import Operator, User
from billing.models import Bookkeeping


def of(operator: Operator) -> Bookkeeping:
    """The kept one, or an unsaved one that decides nothing."""
    return Bookkeeping.objects.filter(operator=operator).first() or Bookkeeping(operator=operator)


def decide(*, operator: Operator, codes: Mapping[str, str], energy_cost: Decimal | None, by: User) -> Bookkeeping:
    """Holds for files that are written, and months that are looked at, from now on. Raises Forbidden."""
    access.demand(by, "month.close", operator)
    told = json.dumps(dict(codes), sort_keys=True)
    return Bookkeeping.objects.update_or_create(
        operator=operator, defaults={"codes": told, "energy_cost": energy_cost}
    )[0]
