"""What a decision about a charge means in money, said before it is taken. Computed by the real rating, and taken back."""

from collections.abc import Callable
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from billing.services.charges import costing
from cms.dashboard.selectors.sessions import Bill
from cms.templatetags import figures
from sessions_app.models import ChargingSession


def of(kind: str, session: ChargingSession, bill: Bill) -> str:
    """One or two sentences for its dialog."""
    return _SENTENCES[kind](session, bill)


def of_correction(bill: Bill, after: Decimal) -> str:
    """`after` is the new total, VAT included (`tried`)."""
    if bill.cdr is None or bill.cost is None:
        return _("%(after)s are charged.") % {"after": _money(bill, after)}
    if bill.cost.incl_vat == after:
        return _("The bill of %(before)s stays as it is.") % {"before": _money(bill, after)}
    words = {"before": _money(bill, bill.cost.incl_vat), "after": _money(bill, after)}
    if not after:
        return _("The bill of %(before)s is taken back and nothing is charged instead.") % words
    return _("The bill of %(before)s is taken back and %(after)s charged instead.") % words


def tried(session: ChargingSession, decide: Callable[[ChargingSession], ChargingSession]) -> Decimal:
    """What the charge would cost after `decide`, VAT included. Nothing of it stays. Raises what `decide` raises."""
    with transaction.atomic():
        decided = decide(ChargingSession.objects.get(pk=session.pk))
        rated = costing.of([decided])[decided.pk]
        transaction.set_rollback(True)
    return rated.trace.incl_vat


def _close(session: ChargingSession, bill: Bill) -> str:
    said = _("It ends at its last good reading; the charger is not asked.")
    if bill.cost is None:
        return said
    price = _("%(amount)s would be charged, once somebody has accepted the estimate.")
    return f"{said} " + price % {"amount": _money(bill, bill.cost.incl_vat)}


def _accept(session: ChargingSession, bill: Bill) -> str:
    if bill.cdr is None or bill.cost is None:
        return _("It is priced as it stands.")
    if not bill.cost.incl_vat:
        return _("The charge stands as it is and costs nothing.")
    words = {"amount": _money(bill, bill.cost.incl_vat), "energy": figures.kwh(session.energy)}
    if bill.payment or bill.invoice:
        return _("The bill of %(amount)s for %(energy)s stands.") % words
    return _("The bill of %(amount)s for %(energy)s stands, and is collected.") % words


def _correct(session: ChargingSession, bill: Bill) -> str:
    if bill.cdr is None or bill.cost is None or not bill.cost.incl_vat:
        return _("You see what it costs before anything changes.")
    said = _("The bill of %(amount)s is taken back and a new one made. You see its amount before anything changes.")
    return said % {"amount": _money(bill, bill.cost.incl_vat)}


def _discard(session: ChargingSession, bill: Bill) -> str:
    if bill.cdr is None or bill.cost is None or not bill.cost.incl_vat:
        return _("Nothing is charged, and it counts in no report. What the charger said is kept.")
    said = _("The bill of %(amount)s is taken back; nothing is charged, and it counts in no report. What the charger said is kept.")  # fmt: skip
    return said % {"amount": _money(bill, bill.cost.incl_vat)}


def _money(bill: Bill, amount: Decimal) -> str:
    return figures.money(amount, bill.cost.currency if bill.cost else "EUR")


_SENTENCES: dict[str, Callable[[ChargingSession, Bill], str]] = {
    "close": _close,
    "accept": _accept,
    "correct": _correct,
    "discard": _discard,
}
