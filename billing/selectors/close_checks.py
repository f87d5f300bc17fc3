"""The checks of a month that is to be closed, as its page tells them: the sentence for what was found, the one for a clean line, and
where it is put right. What is looked at stands in `month_charges` and `month_documents`."""

from collections.abc import Callable, Sequence
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, ngettext_lazy

from . import month_charges, month_documents
from .closing import Check, Found, linked


def _count(text: Promise) -> Callable[[Found], str]:
    """`text` is a lazy plural of `n`."""
    return lambda found: str(text % {"n": found.count, **found.facts})


def _plain(text: Promise) -> Callable[[Found], str]:
    return lambda found: str(text)


def _assurance(name: str) -> Callable[[date], str]:
    return lambda month: linked("assurance", check=name)


def table() -> Sequence[Check]:
    return (
        Check(
            "sdi_refused",
            _("Refused by the SdI"),
            month_documents.sdi_refused,
            _count(
                ngettext_lazy(
                    "Invoice %(first)s was refused.", "%(n)s documents were refused, the first is %(first)s.", "n"
                )
            ),
            _plain(_("No document was refused.")),
            lambda month: linked("sdi"),
            _("Correct and resend"),
        ),
        Check(
            "uncollected",
            _("Payments that failed"),
            month_charges.uncollected,
            _count(
                ngettext_lazy(
                    "%(n)s charge is not paid (%(failed)s refused by the bank).",
                    "%(n)s charges are not paid (%(failed)s refused by the bank).",
                    "n",
                )
            ),
            _plain(_("Every charge that was to be paid at once is paid.")),
            _assurance("uncollected"),
            _("Collect again"),
        ),
        Check(
            "free",
            _("Charges without a price"),
            month_charges.free,
            _count(
                ngettext_lazy(
                    "%(n)s charge at %(stations)s charger had no tariff. Estimated at your average price.",
                    "%(n)s charges at %(stations)s chargers had no tariff. Estimated at your average price.",
                    "n",
                )
            ),
            _plain(_("Every kilowatt-hour had a price.")),
            _assurance("free"),
            _("Look at them"),
        ),
        Check(
            "unbilled",
            _("Charges not priced"),
            month_charges.unbilled,
            _count(
                ngettext_lazy(
                    "%(n)s charge ended and was never priced.", "%(n)s charges ended and were never priced.", "n"
                )
            ),
            _plain(_("Every charge that ended was priced.")),
            _assurance("unbilled"),
            _("Price them"),
        ),
        Check(
            "held",
            _("Charges on hold"),
            month_charges.held,
            _count(
                ngettext_lazy(
                    "%(n)s charge waits for somebody to look at it.",
                    "%(n)s charges wait for somebody to look at them.",
                    "n",
                )
            ),
            _plain(_("No charge is on hold.")),
            lambda month: linked("waiting_cdrs") + "#held",
            _("Decide"),
        ),
        Check(
            "vat_data",
            _("VAT data missing"),
            month_documents.vat_data,
            _count(
                ngettext_lazy(
                    "%(n)s charge cannot be invoiced: name or address of the customer is missing.",
                    "%(n)s charges of %(customers)s customers cannot be invoiced: names or addresses are missing.",
                    "n",
                )
            ),
            _plain(_("Every business customer’s data are complete.")),
            lambda month: linked("waiting_cdrs"),
            _("Complete the data"),
        ),
        Check(
            "to_invoice",
            _("Charges to invoice"),
            month_documents.to_invoice,
            _count(
                ngettext_lazy(
                    "%(n)s charge of a business customer has no invoice yet.",
                    "%(n)s charges of business customers have no invoice yet.",
                    "n",
                )
            ),
            lambda found: (
                ngettext(
                    "%(n)s charge of the month, and none waits for an invoice.",
                    "%(n)s charges of the month, and none waits for an invoice.",
                    found.facts.get("charges", 0),
                )
                % {"n": found.facts.get("charges", 0)}
            ),
            lambda month: linked("waiting_cdrs"),
            _("Invoice them"),
        ),
        Check(
            "sdi_waiting",
            _("E-invoices to send"),
            month_documents.sdi_waiting,
            _count(ngettext_lazy("%(n)s file is not handed over yet.", "%(n)s files are not handed over yet.", "n")),
            _plain(_("Every file was handed over.")),
            lambda month: linked("sdi"),
            _("Send them"),
        ),
        Check(
            "unpaid_invoices",
            _("Invoices overdue"),
            month_documents.unpaid_invoices,
            _count(ngettext_lazy("%(n)s invoice is due and not paid.", "%(n)s invoices are due and not paid.", "n")),
            _plain(_("No invoice of the month is overdue.")),
            lambda month: linked("operator_invoices", month=f"{month:%Y-%m}"),
            _("Look at them"),
            blocking=False,
        ),
        Check(
            "plan_fees",
            _("Plan fees without an invoice"),
            month_documents.plan_fees,
            _count(
                ngettext_lazy(
                    "%(n)s plan fee was paid without an invoice.", "%(n)s plan fees were paid without an invoice.", "n"
                )
            ),
            _plain(_("Every plan fee stands on an invoice.")),
            lambda month: linked("subscriptions"),
            _("Look at them"),
        ),
        Check(
            "payout_gap",
            _("Payouts"),
            month_documents.payout_gap,
            _count(
                ngettext_lazy(
                    "%(n)s movement of the provider matches no payment.",
                    "%(n)s movements of the provider match no payment.",
                    "n",
                )
            ),
            lambda found: (
                ngettext(
                    "%(n)s payout, equal to the cent.",
                    "%(n)s payouts, equal to the cent.",
                    found.facts.get("payouts", 0),
                )
                % {"n": found.facts.get("payouts", 0)}
            ),
            lambda month: linked("reconciliation"),
            _("Match them"),
        ),
        Check(
            "takings_gap",
            _("Daily takings"),
            month_documents.takings_gap,
            _count(
                ngettext_lazy(
                    "%(n)s charge is in no invoice and not in the corrispettivi.",
                    "%(n)s charges are in no invoice and not in the corrispettivi.",
                    "n",
                )
            ),
            lambda found: (
                ngettext(
                    "%(n)s day of corrispettivi is recorded.",
                    "%(n)s days of corrispettivi are recorded.",
                    found.facts.get("days", 0),
                )
                % {"n": found.facts.get("days", 0)}
            ),
            lambda month: linked("takings", month=f"{month:%Y-%m}"),
            _("Record them"),
        ),
    )
