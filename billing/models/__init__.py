from .assurance import AssuranceDay
from .cdr import CDR, BillingPolicy
from .draft import TariffDraft
from .dunning import DunningCase, DunningPolicy, DunningStep
from .invoice import Invoice, InvoicedCdr, InvoiceLine, NumberSequence
from .payment import Payment
from .subscription import (
    AllowanceUse,
    Plan,
    PlanVersion,
    Subscription,
    SubscriptionEvent,
    SubscriptionFee,
    SubscriptionPeriod,
)
from .tariff import SessionPrice, Tariff, TariffAssignment, TariffVersion

__all__ = [
    "CDR",
    "AllowanceUse",
    "AssuranceDay",
    "BillingPolicy",
    "DunningCase",
    "DunningPolicy",
    "DunningStep",
    "Invoice",
    "InvoiceLine",
    "InvoicedCdr",
    "NumberSequence",
    "Payment",
    "Plan",
    "PlanVersion",
    "SessionPrice",
    "Subscription",
    "SubscriptionEvent",
    "SubscriptionFee",
    "SubscriptionPeriod",
    "Tariff",
    "TariffAssignment",
    "TariffDraft",
    "TariffVersion",
]
