"""A machine's way in: `Authorization: Token <key>`. Only the SHA-256 of a key is stored."""

from django.db import models

from cms.core.models import Timestamped, Visible

from .operator import Operator, Role


class ApiKey(Timestamped):
    operator = models.ForeignKey(Operator, models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    role = models.CharField(max_length=12, choices=Role, default=Role.MANAGER)
    prefix = models.CharField(max_length=8, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = Visible.as_manager()

    is_authenticated = True  # DRF's permissions ask the "user" of a request
    is_active = True

    def operator_ids(self) -> set[int]:
        return {self.operator_id}

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
