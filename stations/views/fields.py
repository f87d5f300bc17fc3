"""kW on the screen for what is stored in W."""

from decimal import Decimal
from typing import Any

from cms.core.form_fields import ForgivingDecimalField


class KilowattField(ForgivingDecimalField):
    """Whole W in Python and in the database, kW on the screen."""

    def prepare_value(self, value: Any) -> Any:
        return f"{(Decimal(value) / 1000).normalize():f}" if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        kilowatts = super().clean(value)
        return None if kilowatts is None else int(kilowatts * 1000)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)
