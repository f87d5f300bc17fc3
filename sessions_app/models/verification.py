"""The public door to what a meter signed about one charge."""

from django.db import models

from .session import ChargingSession


class Verification(models.Model):
    """/verify/<token>/: printed on the receipt, open to whoever holds it, for as long as the charge is kept. Only charges with
    signed records have one."""

    session = models.OneToOneField(ChargingSession, models.PROTECT, related_name="verification")
    token = models.CharField(max_length=32, unique=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"verification of {self.session_id}"
