"""The list of charges as a file: what the list shows, every page of it. Cards are masked: the file leaves the house."""

from collections.abc import Iterator, Mapping
from itertools import islice

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Operator
from billing.exports import asking, paging
from billing.exports.kinds import Ask, Column, Format, Kind, Params
from billing.models import CDR
from billing.tariffs import exact
from cms.core.csv_dialect import Cell
from cms.dashboard import people, story
from cms.dashboard.selectors import sessions as selectors
from sessions_app.models import ChargingSession

_CHUNK = 2000
COLUMNS = (
    Column("charge", _("Charge"), Format.WHOLE),
    Column("started_at", pgettext_lazy("time", "Start"), Format.INSTANT),
    Column("stopped_at", _("End"), Format.INSTANT),
    Column("location", _("Location")),
    Column("station", _("Station"), width=14),
    Column("socket", _("Socket"), Format.WHOLE),
    Column("card", _("Card"), width=10),
    Column("driver", _("Driver")),
    Column("energy_kwh", _("Energy, kWh"), Format.ENERGY, summed=True),
    Column("end_reason", _("Why it ended"), width=28),
    Column("currency", _("Currency"), width=9),
    Column("taxable", _("Taxable"), Format.MONEY, summed=True),
    Column("vat", _("VAT"), Format.MONEY, summed=True),
    Column("total", _("Total"), Format.MONEY, summed=True),
)


def clean(operator: Operator, given: Mapping[str, str]) -> Params:
    """The filters of the list."""
    filters = selectors.Filters.read(dict(given))
    said = {"view": filters.view, "search": filters.search}
    return {name: value for name, value in said.items() if value} | asking.site(operator, given)


def found(ask: Ask) -> QuerySet[ChargingSession]:
    return selectors.matching(ask.operator, selectors.Filters.read(dict(ask.params)))


def rows(ask: Ask) -> Iterator[list[Cell]]:
    """What runs has no end, what is not priced has no amounts."""
    listed = paging.by_key(found(ask), newest_first=True)
    while chunk := list(islice(listed, _CHUNK)):
        prices = selectors.prices(chunk)
        for session in chunk:
            yield [*_told(session, ask), *_price(prices.get(session.pk))]


def _told(session: ChargingSession, ask: Ask) -> list[Cell]:
    return [
        session.pk,
        session.started_at,
        session.stopped_at,
        session.location.name if session.location else "",
        session.station.identity,
        session.evse_id,
        f"…{session.id_tag[-4:]}" if session.id_tag else "",
        people.who(session, ask.reader) if session.driver and ask.reader else "",
        exact.rounded(exact.number(session.energy) / 1000, 3),
        story.reason(session) if session.stopped_at else "",
    ]


def _price(cdr: CDR | None) -> list[Cell]:
    if cdr is None:
        return ["", None, None, None]
    amounts = (cdr.total_excl_vat, cdr.total_vat, cdr.total_incl_vat)
    return [cdr.currency, *(exact.cents(exact.number(amount), cdr.currency) for amount in amounts)]


def _says(params: Mapping[str, str]) -> str:
    """“Live · Via Po”."""
    views = selectors.views()
    view = [str(views[params["view"]].word)] if params.get("view") in views else []
    return " · ".join([*view, *(params[name] for name in ("search", "place") if name in params)])


KIND = Kind(
    name="sessions",
    title=_("List of charges"),
    permission="session.view",
    clean=clean,
    stem=lambda ask: "sessions",
    columns=COLUMNS,
    rows=rows,
    count=lambda ask: found(ask).count(),
    says=_says,
    listed=False,
    personal=True,
)
