"""What an operator has decided about its fiscal documents."""

from accounts.models import Operator
from billing.models import FiscalSettings


def settings_of(operator: Operator) -> FiscalSettings:
    """Stored or, before anybody has decided, the defaults."""
    return FiscalSettings.objects.filter(operator=operator).first() or FiscalSettings(operator=operator)


def italian(operator: Operator) -> bool:
    """Bollo, FatturaPA and corrispettivi are duties of sellers in Italy."""
    return operator.country_code == "IT"
