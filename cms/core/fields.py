"""Model fields that keep energy and money exact on every database (SQLite would keep DecimalField as REAL)."""

from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models.expressions import Combinable

from cms.core import energy, money


class _ScaledField(models.BigIntegerField):
    """A Decimal in Python, a scaled integer in the database; sums in SQL are integer sums."""

    # what django-stubs lets a model's attribute take and give
    _pyi_private_set_type: Decimal | int | str | Combinable  # type: ignore[assignment]
    _pyi_private_get_type: Decimal  # type: ignore[assignment]

    to_stored: Any
    from_stored: Any

    def from_db_value(self, value: int | None, expression: object, connection: object) -> Decimal | None:
        return None if value is None else type(self).from_stored(int(value))

    def to_python(self, value: Any) -> Decimal | None:
        return None if value is None else value if isinstance(value, Decimal) else Decimal(str(value))

    def get_prep_value(self, value: Any) -> int | None:
        return None if value is None else type(self).to_stored(Decimal(str(value)))

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.value_from_object(obj))


class EnergyField(_ScaledField):
    """Decimal Wh ↔ integer mWh."""

    to_stored = staticmethod(energy.to_mwh)
    from_stored = staticmethod(energy.from_mwh)


class MoneyField(_ScaledField):
    """Decimal currency units ↔ integer 10⁻⁶ units."""

    to_stored = staticmethod(money.to_micros)
    from_stored = staticmethod(money.from_micros)
