"""What the rooms' models share."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol, Self

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models

from cms.core.errors import Invalid


class Actor(Protocol):
    """Whoever asks: a signed-in user or an API key. `accounts.access` says what it may do."""

    def operator_ids(self) -> set[int]: ...


class Visible(models.QuerySet):
    """Reads start here: `Model.objects.visible_to(actor)`. `operator_path` leads from the model to its operator."""

    operator_path = "operator"

    def visible_to(self, actor: Actor) -> Self:
        return self.filter(**{f"{self.operator_path}__in": actor.operator_ids()})


class Frozen(Visible):
    """Of rows that the law wants kept as they are: neither changed nor deleted in bulk, but for the columns in `moving`."""

    moving: frozenset[str] = frozenset()

    def update(self, **values: Any) -> int:
        if not values.keys() <= self.moving:
            raise TypeError(f"{self.model.__name__} is kept as it is")
        return super().update(**values)

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError(f"{self.model.__name__} is never deleted")


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


class Kept(Immutable):
    """Never deleted either: documents, and what stands in a fiscal register. With `objects = Frozen.as_manager()`."""

    class Meta:
        abstract = True

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError(f"{type(self).__name__} {self.pk} is never deleted")


def checked(row: models.Model, *, names: Mapping[str, str] = MappingProxyType({})) -> None:
    """Raises Invalid with what the model's own fields say; `names` renames model fields to what the asker calls them.

    Uniqueness is left to the database, which alone can promise it.
    """
    try:
        row.clean_fields()
    except ValidationError as wrong:
        fields = {
            "non_field_errors" if name == NON_FIELD_ERRORS else names.get(name, name): messages
            for name, messages in wrong.message_dict.items()
        }
        raise Invalid(fields) from wrong
