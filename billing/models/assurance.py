"""A roll-up, never the truth: what was at risk at the end of each day. The live figures are `billing.selectors.assurance`'s."""

from django.db import models

from accounts.models import Operator
from cms.core.fields import MoneyField
from cms.core.models import Visible


class AssuranceDay(models.Model):
    """`day` is the operator's; `subject` the name of a check of `billing.selectors.assurance`, or "" for all of them together,
    each charge counted once. `at_risk` in the operator's currency."""

    operator = models.ForeignKey(Operator, models.CASCADE, related_name="assurance_days")
    day = models.DateField()
    subject = models.CharField(max_length=20, blank=True, default="")
    cases = models.PositiveIntegerField(default=0)
    at_risk = MoneyField(default=0)

    objects = Visible.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["operator", "day", "subject"], name="assurance_day_unique")]

    def __str__(self) -> str:
        return f"{self.operator_id} {self.day} {self.subject}"
