"""The list of charges as CSV, in the dialect of the reader's spreadsheet. Cards are masked: the file leaves the house."""

from collections.abc import Iterator
from itertools import islice
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from accounts.models import User
from billing.models import CDR
from billing.tariffs import exact
from cms.core import csv_dialect
from cms.core.csv_dialect import Cell
from cms.dashboard import people, story
from cms.dashboard.selectors import sessions as selectors
from sessions_app.models import ChargingSession

MOST = 50_000
_CHUNK = 2000


def sessions(found: QuerySet[ChargingSession], *, reader: User, language: str, zone: ZoneInfo) -> str:
    """One line per charge; what runs has no end, what is not priced has no amounts."""
    with override(language):
        head = [
            _("Charge"),
            pgettext("time", "Start"),
            _("End"),
            _("Location"),
            _("Station"),
            _("Socket"),
            _("Card"),
            _("Driver"),
            _("Energy, kWh"),
            _("Why it ended"),
            _("Currency"),
            _("Taxable"),
            _("VAT"),
            _("Total"),
        ]
        return csv_dialect.write(head, _lines(found, reader), language=language, zone=zone)


def _lines(found: QuerySet[ChargingSession], reader: User) -> Iterator[list[Cell]]:
    rows = found.iterator(_CHUNK)
    while chunk := list(islice(rows, _CHUNK)):
        prices = selectors.prices(chunk)
        for session in chunk:
            yield [*_told(session, reader), *_price(prices.get(session.pk))]


def _told(session: ChargingSession, reader: User) -> list[Cell]:
    return [
        session.pk,
        session.started_at,
        session.stopped_at,
        session.location.name if session.location else "",
        session.station.identity,
        session.evse_id,
        f"…{session.id_tag[-4:]}" if session.id_tag else "",
        people.who(session, reader) if session.driver else "",
        exact.rounded(exact.number(session.energy) / 1000, 3),
        story.reason(session) if session.stopped_at else "",
    ]


def _price(cdr: CDR | None) -> list[Cell]:
    if cdr is None:
        return ["", None, None, None]
    amounts = (cdr.total_excl_vat, cdr.total_vat, cdr.total_incl_vat)
    return [cdr.currency, *(exact.cents(exact.number(amount), cdr.currency) for amount in amounts)]
