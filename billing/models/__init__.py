from .adhoc import AdhocCharge
from .assurance import AssuranceDay
from .cash import CashEntry
from .cdr import CDR, BillingPolicy
from .close import Bookkeeping, MonthClose, MonthCloseEvent
from .draft import TariffDraft
from .dunning import DunningCase, DunningPolicy, DunningStep
from .einvoice import EInvoice, EInvoiceBatch, FileSequence, FiscalSettings, GuestBuyer, SdiNotification
from .export import Export
from .fake_provider import FakeProviderRecord
from .fleet import CompanyEvent
from .invoice import Invoice, InvoicedCdr, InvoiceLine, NumberSequence
from .payment import Payment, PaymentCustomer, PaymentMethod, PaymentStep, Refund
from .payment_act import PaymentAct
from .payout import Payout, PayoutItem
from .promotion import FailedCode, Promotion, PromotionUse, Redemption
from .revenue_share import HostGuests, HostStatement, HostStatementItem, RevenueShare
from .subscription import (
    AllowanceUse,
    Plan,
    PlanVersion,
    Subscription,
    SubscriptionEvent,
    SubscriptionFee,
    SubscriptionPeriod,
)
from .takings import TakingsChain, TakingsEntry
from .tariff import SessionPrice, Tariff, TariffAssignment, TariffVersion
from .wallet import Wallet, WalletEntry, WalletPolicy
from .webhook_event import WebhookEvent

__all__ = [
    "CDR",
    "AdhocCharge",
    "AllowanceUse",
    "AssuranceDay",
    "BillingPolicy",
    "Bookkeeping",
    "CashEntry",
    "CompanyEvent",
    "DunningCase",
    "DunningPolicy",
    "DunningStep",
    "EInvoice",
    "EInvoiceBatch",
    "Export",
    "FailedCode",
    "FakeProviderRecord",
    "FileSequence",
    "FiscalSettings",
    "GuestBuyer",
    "HostGuests",
    "HostStatement",
    "HostStatementItem",
    "Invoice",
    "InvoiceLine",
    "InvoicedCdr",
    "MonthClose",
    "MonthCloseEvent",
    "NumberSequence",
    "Payment",
    "PaymentAct",
    "PaymentCustomer",
    "PaymentMethod",
    "PaymentStep",
    "Payout",
    "PayoutItem",
    "Plan",
    "PlanVersion",
    "Promotion",
    "PromotionUse",
    "Redemption",
    "Refund",
    "RevenueShare",
    "SdiNotification",
    "SessionPrice",
    "Subscription",
    "SubscriptionEvent",
    "SubscriptionFee",
    "SubscriptionPeriod",
    "TakingsChain",
    "TakingsEntry",
    "Tariff",
    "TariffAssignment",
    "TariffDraft",
    "TariffVersion",
    "Wallet",
    "WalletEntry",
    "WalletPolicy",
    "WebhookEvent",
]
