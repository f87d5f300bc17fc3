"""The accounts that the journal books on. An operator's bookkeeper may call them otherwise (Bookkeeping.codes)."""

import json
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from billing.models import Bookkeeping


class Account(StrEnum):
    CUSTOMERS = "customers"
    CLEARING = "clearing"
    BANK = "bank"
    FEES = "fees"
    WALLETS = "wallets"
    PROMOTIONS = "promotions"
    REVENUE = "revenue"
    VAT = "vat"
    STAMPS = "stamps"
    STAMPS_DUE = "stamps_due"
    LOSSES = "losses"
    HOSTS = "hosts"
    HOSTS_DUE = "hosts_due"


@dataclass(frozen=True, slots=True)
class Entry:
    code: str
    title: Promise | str


DEFAULTS: dict[Account, Entry] = {
    Account.CUSTOMERS: Entry("14.01.01", _("Receivables from customers")),
    Account.CLEARING: Entry("18.02.01", _("Payment provider, clearing")),
    Account.BANK: Entry("18.01.01", _("Bank")),
    Account.FEES: Entry("66.05.01", _("Payment costs")),
    Account.WALLETS: Entry("40.03.01", _("Prepaid balances of customers")),
    Account.PROMOTIONS: Entry("66.06.01", _("Vouchers and goodwill")),
    Account.REVENUE: Entry("58.01.01", _("Revenue from charging")),
    Account.VAT: Entry("45.01.01", _("VAT on sales")),
    Account.STAMPS: Entry("71.01.01", _("Stamp duty (imposta di bollo)")),
    Account.STAMPS_DUE: Entry("45.02.01", _("Stamp duty to be paid")),
    Account.LOSSES: Entry("66.07.01", _("Losses on receivables")),
    Account.HOSTS: Entry("62.01.01", _("Share of the sites’ hosts")),
    Account.HOSTS_DUE: Entry("40.02.01", _("Hosts, invoices to be received")),
}


def chart(operator: Operator) -> dict[Account, Entry]:
    """With the operator's own codes."""
    text = Bookkeeping.objects.filter(operator=operator).values_list("codes", flat=True).first()
    own: dict[str, str] = json.loads(text or "{}")
    return {account: Entry(own.get(account.value) or entry.code, entry.title) for account, entry in DEFAULTS.items()}
