"""Mails that must arrive once although everything behind them may run twice."""

from django.db import models


class SentMail(models.Model):
    """`key` says what the mail is about ("receipt:812"). Claimed and not sent after ten minutes: whoever tried was killed."""

    key = models.CharField(max_length=100)
    recipient = models.EmailField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key"], name="sent_mail_key_unique")]

    def __str__(self) -> str:
        return f"{self.key} → {self.recipient}"
