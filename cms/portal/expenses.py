"""Charges as a file for an expense report; opens right in Italian Excel."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from accounts.models import User
from billing.models import CDR
from cms.core import csv_dialect
from cms.core.csv_dialect import Cell
from cms.portal.selectors import history
from sessions_app.models import ChargingSession

CENT = Decimal("0.01")
WH3 = Decimal("0.001")


def of(user: User, month: date | None) -> str:
    """All ended charges of the month (or ever) but cancelled ones, one row each; without a CDR the amounts stay empty."""
    charges = history.charges(user, month) if month else history.all_charges(user)
    return csv_dialect.write(
        _head(), _rows(charges.filter(discarded=False)), language=get_language() or "it", zone=history.ZONE
    )


def _head() -> list[str]:
    return [
        pgettext("time", "Start"),
        _("End"),
        _("Place"),
        _("Address"),
        _("Card"),
        _("Energy, kWh"),
        _("Currency"),
        _("Taxable"),
        _("VAT"),
        _("Total"),
        _("Seller"),
        _("Seller’s VAT number"),
    ]


def _rows(charges: Iterable[ChargingSession]) -> Iterable[list[Cell]]:
    for charge in charges:
        place = charge.location
        yield [
            charge.started_at,
            charge.stopped_at,
            place.name if place else charge.station.label,
            f"{place.address}, {place.city}" if place else "",
            str(charge.token or ""),
            (charge.energy / 1000).quantize(WH3),
            *_amounts(next(iter(charge.valid_cdrs), None)),  # type: ignore[attr-defined]  # prefetched
            charge.operator.legal_name or charge.operator.name,
            charge.operator.vat_number,
        ]


def _amounts(cdr: CDR | None) -> list[Cell]:
    if cdr is None:
        return ["", None, None, None]
    return [cdr.currency, *(total.quantize(CENT) for total in (cdr.total_excl_vat, cdr.total_vat, cdr.total_incl_vat))]
