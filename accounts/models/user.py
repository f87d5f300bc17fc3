"""A person who signs in. What they may do follows from memberships (operators) and driver rows."""

from typing import Any

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    username = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail"), unique=True)
    language = models.CharField(_("language"), max_length=5, blank=True, default="")

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = []
    objects = UserManager()  # type: ignore[misc,assignment]

    def roles(self) -> dict[int, str]:
        """Operator id → role there; read once per instance, that is once per request."""
        if not hasattr(self, "_roles"):
            self._roles: dict[int, str] = dict(self.memberships.values_list("operator_id", "role"))
        return self._roles

    def know_roles(self, roles: dict[int, str]) -> None:
        """Spares the query of `roles` where the memberships have just been read."""
        self._roles = roles

    def operator_ids(self) -> set[int]:
        """Operators whose data this person may see (membership in any role)."""
        return set(self.roles())

    def __str__(self) -> str:
        return self.get_full_name() or self.email
