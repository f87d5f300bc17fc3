"""An operator's codes, and what became of them."""

from typing import Any

from django.db.models import Count, Q, QuerySet

from accounts.models import Operator
from billing.models import CDR, Promotion, Redemption
from billing.models.promotion import PromotionQuerySet
from cms.core.models import Actor


def listed(actor: Actor, operator: Operator, *, search: str = "", batch: str = "") -> "QuerySet[Promotion]":
    """Single codes, or those of one batch, newest first; a search looks through all; see
    `counted`."""
    found = Promotion.objects.visible_to(actor).filter(operator=operator)
    if search:
        found = found.filter(Q(code__icontains=search) | Q(batch__icontains=search))
    else:
        found = found.filter(batch=batch)
    return counted(found).order_by("-pk")


def counted(promotions: "PromotionQuerySet") -> "PromotionQuerySet":
    """With `entered`, the number of drivers, and `used`, the number of charges."""
    standing = Q(redemptions__uses__cdr__credited_by=None, redemptions__uses__isnull=False)
    return promotions.annotate(
        entered=Count("redemptions", distinct=True), used=Count("redemptions__uses", filter=standing, distinct=True)
    )


def batches(actor: Actor, operator: Operator) -> "QuerySet[Promotion, Any]":
    """By name: how many codes, how many of them entered and still running."""
    mine = Promotion.objects.visible_to(actor).filter(operator=operator).exclude(batch="")
    return (
        mine.values("batch", "kind", "value", "currency")
        .annotate(
            codes=Count("pk", distinct=True),
            entered=Count("redemptions", distinct=True),
            running=Count("pk", filter=Q(ended_at=None), distinct=True),
        )
        .order_by("batch")
    )


def redemptions(promotion: Promotion) -> "QuerySet[Redemption]":
    """Newest first, with `used`, the number of charges that had it."""
    standing = Q(uses__cdr__credited_by=None, uses__isnull=False)
    mine = Redemption.objects.filter(promotion=promotion).select_related("driver__user")
    return mine.annotate(used=Count("uses", filter=standing, distinct=True)).order_by("-pk")


def charges(promotion: Promotion) -> "QuerySet[CDR]":
    """Those that were cheaper by it, newest first."""
    mine = CDR.objects.standing().filter(promotion_use__redemption__promotion=promotion)
    return mine.select_related("driver__user", "session__location").order_by("-pk")
