from .cdr import CDR
from .invoice import Invoice, InvoiceLine, NumberSequence
from .payment import Payment
from .tariff import Tariff, TariffAssignment, TariffVersion

__all__ = ["CDR", "Invoice", "InvoiceLine", "NumberSequence", "Payment", "Tariff", "TariffAssignment", "TariffVersion"]
