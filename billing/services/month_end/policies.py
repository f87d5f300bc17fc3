"""What an operator decides once about its bills."""

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import ApiKey, Operator, User
from billing.models import BillingPolicy
from cms.core.errors import Invalid

MOST_WH = Decimal(1_000_000)
LEAST_HOLD, MOST_HOLD = Decimal(1), Decimal(500)


def of(operator: Operator) -> BillingPolicy:
    """What was decided, or what holds where nobody decided."""
    return BillingPolicy.objects.filter(operator=operator).first() or BillingPolicy(operator=operator)


@transaction.atomic
def update(
    *,
    operator: Operator,
    estimated_limit: Decimal,
    waive_empty: bool,
    by: User | ApiKey | None,
    hold_amount: Decimal | None = None,
    payment_to_start: str | None = None,
) -> BillingPolicy:
    """`estimated_limit` in Wh. Holds for charges that are priced, and starts that are asked for, from now on; None leaves what was
    decided. Raises Forbidden, Invalid."""
    if by is not None:
        access.demand(by, "operator.edit", operator)
    if not 0 <= estimated_limit <= MOST_WH:
        raise Invalid({"estimated_limit": [_("From 0 to %(most)s kWh.") % {"most": int(MOST_WH / 1000)}]})
    if hold_amount is not None and not LEAST_HOLD <= hold_amount <= MOST_HOLD:
        raise Invalid({"hold_amount": [_("From %(least)s to %(most)s.") % {"least": LEAST_HOLD, "most": MOST_HOLD}]})
    if payment_to_start is not None and payment_to_start not in BillingPolicy.PaymentToStart.values:
        raise Invalid({"payment_to_start": [_("Choose one of them.")]})
    wanted = {
        "estimated_limit": estimated_limit,
        "waive_empty": waive_empty,
        "hold_amount": hold_amount,
        "payment_to_start": payment_to_start,
    }
    decided = {name: value for name, value in wanted.items() if value is not None}
    policy, _made = BillingPolicy.objects.update_or_create(operator=operator, defaults=decided)
    return policy
