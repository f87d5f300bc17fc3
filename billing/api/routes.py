from rest_framework.routers import BaseRouter

from billing.api.cdrs import Cdrs
from billing.api.codes import Promotions
from billing.api.exports import Exports
from billing.api.fleets import Companies
from billing.api.invoices import Invoices
from billing.api.payments import Payments
from billing.api.subscriptions import Plans, Subscriptions
from billing.api.tariffs import Tariffs
from billing.api.wallets import WalletEntries, Wallets


def register(router: BaseRouter) -> None:
    router.register("tariffs", Tariffs, basename="tariff")
    router.register("cdrs", Cdrs, basename="cdr")
    router.register("exports", Exports, basename="export")
    router.register("invoices", Invoices, basename="invoice")
    router.register("payments", Payments, basename="payment")
    router.register("companies", Companies, basename="company")
    router.register("promotions", Promotions, basename="promotion")
    router.register("wallets", Wallets, basename="wallet")
    router.register("wallet-entries", WalletEntries, basename="wallet-entry")
    router.register("plans", Plans, basename="plan")
    router.register("subscriptions", Subscriptions, basename="subscription")
