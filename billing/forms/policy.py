"""When a person must look before a charge is collected, and what is forgiven."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.models import BillingPolicy
from cms.core.form_fields import ForgivingDecimalField


class PolicyForm(forms.Form):
    estimated_kwh = ForgivingDecimalField(
        label=_("Estimates up to"), min_value=0, max_value=1000, decimal_places=3,
        help_text=_("Where readings are missing we estimate. Up to this energy the driver is charged at once; above it the charge waits on hold until one of you has looked."),
    )  # fmt: skip
    waive_empty = forms.BooleanField(
        label=_("A charge without energy is free"), required=False, help_text=_("Whatever fees the tariff has.")
    )

    @classmethod
    def of(cls, policy: BillingPolicy, data: Any = None) -> "PolicyForm":
        return cls(
            data, initial={"estimated_kwh": policy.estimated_limit / Decimal(1000), "waive_empty": policy.waive_empty}
        )
