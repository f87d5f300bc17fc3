"""Prices that somebody is still writing."""

from django.db import models
from django.db.models import Q

from accounts.models import Operator, User
from cms.core.models import Timestamped, Visible

from .tariff import Tariff


class TariffDraft(Timestamped):
    """What stands in the editor, as it was typed: it may be half a price, and no charge ever has it. One per tariff and person;
    without a tariff it is a new one. `typed`: JSON, a list of texts per field of the editor. `base`: the number of the version
    it began from, 0 for none."""

    operator = models.ForeignKey(Operator, models.CASCADE, related_name="tariff_drafts")
    tariff = models.ForeignKey(Tariff, models.CASCADE, null=True, blank=True, related_name="drafts")
    author = models.ForeignKey(User, models.CASCADE, related_name="tariff_drafts")
    typed = models.TextField()
    base = models.PositiveIntegerField(default=0)

    objects = Visible.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tariff", "author"], name="tariff_draft_unique"),
            models.UniqueConstraint(
                fields=["operator", "author"], condition=Q(tariff=None), name="tariff_draft_new_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"draft of {self.tariff_id or 'a new tariff'}"
