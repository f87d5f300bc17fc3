"""What happened to a company that pays for its people: kept for the history beside it, and the reason for its mails."""

from django.conf import settings
from django.db import models

from accounts.models import Company, Driver
from cms.core.models import Immutable


class CompanyEvent(Immutable):
    """`kind`: created, changed, cap, archived, invited, withdrawn, joined, member_changed, private, back, left. `facts` is JSON text;
    `driver` whom it is about; `by` None: the system."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=20)
    driver = models.ForeignKey(Driver, models.PROTECT, null=True, blank=True, related_name="+")
    facts = models.TextField(blank=True, default="{}")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["company", "-id"], name="company_event_newest")]

    def __str__(self) -> str:
        return self.kind
