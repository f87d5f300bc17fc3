from .assurance import AssuranceDay
from .cdr import CDR, BillingPolicy
from .invoice import Invoice, InvoicedCdr, InvoiceLine, NumberSequence
from .payment import Payment
from .tariff import Tariff, TariffAssignment, TariffVersion

__all__ = [
    "CDR",
    "AssuranceDay",
    "BillingPolicy",
    "Invoice",
    "InvoiceLine",
    "InvoicedCdr",
    "NumberSequence",
    "Payment",
    "Tariff",
    "TariffAssignment",
    "TariffVersion",
]
