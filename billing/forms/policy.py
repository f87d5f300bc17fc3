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

    hold_amount = ForgivingDecimalField(
        label=_("Held on the card"), required=False, min_value=0, decimal_places=2,
        help_text=_("Before a charge without an account, and before others where you want it. What is not used becomes free at once."),
    )  # fmt: skip
    payment_to_start = forms.ChoiceField(
        label=_("Drivers with an account need, to start"), required=False, choices=BillingPolicy.PaymentToStart.choices
    )

    @classmethod
    def of(cls, policy: BillingPolicy, data: Any = None) -> "PolicyForm":
        return cls(
            data,
            initial={
                "estimated_kwh": policy.estimated_limit / Decimal(1000),
                "waive_empty": policy.waive_empty,
                "hold_amount": policy.hold_amount,
                "payment_to_start": policy.payment_to_start,
            },
        )
