"""What an operator decides once about its bills."""

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import ApiKey, Operator, User
from billing.models import BillingPolicy
from cms.core.errors import Invalid

MOST_WH = Decimal(1_000_000)


def of(operator: Operator) -> BillingPolicy:
    """What was decided, or what holds where nobody decided."""
    return BillingPolicy.objects.filter(operator=operator).first() or BillingPolicy(operator=operator)


@transaction.atomic
def update(
    *, operator: Operator, estimated_limit: Decimal, waive_empty: bool, by: User | ApiKey | None
) -> BillingPolicy:
    """`estimated_limit` in Wh. Holds for charges that are priced from now on. Raises Forbidden, Invalid."""
    if by is not None:
        access.demand(by, "operator.edit", operator)
    if not 0 <= estimated_limit <= MOST_WH:
        raise Invalid({"estimated_limit": [_("From 0 to %(most)s kWh.") % {"most": int(MOST_WH / 1000)}]})
    decided = {"estimated_limit": estimated_limit, "waive_empty": waive_empty}
    policy, _made = BillingPolicy.objects.update_or_create(operator=operator, defaults=decided)
    return policy
