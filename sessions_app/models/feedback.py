"""How it went, in the words of who charged: stars, nothing else."""

from django.db import models
from django.db.models import Q

from cms.core.models import Timestamped, Visible

from .session import ChargingSession

LEAST, MOST = 1, 5


class FeedbackQuerySet(Visible):
    operator_path = "session__operator"


class Feedback(Timestamped):
    """One per session; given again it replaces what was said before (`sessions_app.services.feedback`)."""

    session = models.OneToOneField(ChargingSession, models.CASCADE, related_name="feedback")
    stars = models.PositiveSmallIntegerField()

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(stars__gte=LEAST) & Q(stars__lte=MOST), name="feedback_is_1_to_5")
        ]
        indexes = [models.Index(fields=["created_at"], name="feedback_created_at")]

    def __str__(self) -> str:
        return f"{self.stars} of {MOST} for session {self.session_id}"
