"""The books of the fake payment provider: a little provider with its own memory, so that a killed worker loses nothing of it."""

from django.db import models

from cms.core.models import Timestamped


class FakeProviderRecord(Timestamped):
    """One object of the provider (`kind`: customer, setup, method, intent, refund, payout), its state as JSON text. `key` is the
    idempotency key that made it."""

    reference = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=10)
    key = models.CharField(max_length=200, unique=True)
    parent = models.CharField(max_length=60, blank=True, default="", db_index=True)
    state = models.TextField(default="{}")

    def __str__(self) -> str:
        return self.reference
