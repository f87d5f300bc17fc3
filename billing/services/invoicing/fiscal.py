"""What an operator has decided about its fiscal documents."""

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import access
from accounts.models import Operator
from billing.models import FiscalSettings
from billing.services.invoicing.issuing import Actor
from cms.core.errors import Invalid

EDITABLE = ("transmitter", "no_vat_natura", "no_vat_law", "charge_stamp_duty", "mail_invoices", "server_energia")

NATURAS = (
    ("N1", gettext_lazy("N1 outside the taxable amount (art. 15)")),
    ("N2.1", gettext_lazy("N2.1 taxable abroad (artt. 7–7-septies)")),
    ("N2.2", gettext_lazy("N2.2 not subject to VAT, other cases")),
    ("N3.6", gettext_lazy("N3.6 not taxable, other operations")),
    ("N4", gettext_lazy("N4 exempt")),
    ("N6.8", gettext_lazy("N6.8 reverse charge: energy")),
    ("N7", gettext_lazy("N7 VAT paid in another EU state")),
)


def settings_of(operator: Operator) -> FiscalSettings:
    """Stored or, before anybody has decided, the defaults."""
    return FiscalSettings.objects.filter(operator=operator).first() or FiscalSettings(operator=operator)


def italian(operator: Operator) -> bool:
    """Bollo, FatturaPA and corrispettivi are duties of sellers in Italy."""
    return operator.country_code == "IT"


def update(*, operator: Operator, values: Mapping[str, Any], by: Actor) -> FiscalSettings:
    """Raises Forbidden, and Invalid by field; then nothing is changed."""
    if by is not None:
        access.demand(by, "operator.edit", operator)
    given = {name: values[name] for name in EDITABLE if name in values}
    given["transmitter"] = re.sub(r"[\s.\-]", "", given.get("transmitter", "")).upper()
    given["server_energia"] = " ".join(given.get("server_energia", "").split())
    wrong: dict[str, list[str]] = {}
    if given["transmitter"] and not re.fullmatch(r"[A-Z]{2}[A-Z0-9]{2,28}", given["transmitter"]):
        wrong["transmitter"] = [_("Two letters of the country and the fiscal id, like IT01234567890.")]
    if given.get("no_vat_natura", "N2.2") not in dict(NATURAS):
        wrong["no_vat_natura"] = [_("Choose one of the list.")]
    if not given["server_energia"].isascii() or len(given["server_energia"]) > 40:
        wrong["server_energia"] = [_("At most 40 letters and digits.")]
    if wrong:
        raise Invalid(wrong)
    row, _made = FiscalSettings.objects.update_or_create(operator=operator, defaults=given)
    return row
