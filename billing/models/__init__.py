from .cdr import CDR, BillingPolicy, Release
from .invoice import Invoice, InvoicedCdr, InvoiceLine, NumberSequence
from .payment import Payment
from .tariff import Tariff, TariffAssignment, TariffVersion

__all__ = [
    "CDR",
    "BillingPolicy",
    "Invoice",
    "InvoiceLine",
    "InvoicedCdr",
    "NumberSequence",
    "Payment",
    "Release",
    "Tariff",
    "TariffAssignment",
    "TariffVersion",
]
