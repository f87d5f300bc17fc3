"""What the rooms' models share."""

from typing import Any, Protocol, Self

from django.db import models


class Actor(Protocol):
    """Whoever asks: a signed-in user or an API key. `accounts.access` says what it may do."""

    def operator_ids(self) -> set[int]: ...


class Visible(models.QuerySet):
    """Reads start here: `Model.objects.visible_to(actor)`. `operator_path` leads from the model to its operator."""

    operator_path = "operator"

    def visible_to(self, actor: Actor) -> Self:
        return self.filter(**{f"{self.operator_path}__in": actor.operator_ids()})


class Timestamped(models.Model):
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class Immutable(models.Model):
    """Rows that are written once: a correction is a new row that refers to the first."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None and not self._state.adding:
            raise TypeError(f"{type(self).__name__} {self.pk} is immutable")
        super().save(*args, **kwargs)
