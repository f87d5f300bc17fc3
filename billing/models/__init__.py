from .assurance import AssuranceDay
from .cdr import CDR, BillingPolicy
from .close import Bookkeeping, MonthClose, MonthCloseEvent
from .draft import TariffDraft
from .dunning import DunningCase, DunningPolicy, DunningStep
from .export import Export
from .invoice import Invoice, InvoicedCdr, InvoiceLine, NumberSequence
from .payment import Payment
from .revenue_share import HostStatement, RevenueShare
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
    "Bookkeeping",
    "DunningCase",
    "DunningPolicy",
    "DunningStep",
    "Export",
    "HostStatement",
    "Invoice",
    "InvoiceLine",
    "InvoicedCdr",
    "MonthClose",
    "MonthCloseEvent",
    "NumberSequence",
    "Payment",
    "Plan",
    "PlanVersion",
    "RevenueShare",
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
