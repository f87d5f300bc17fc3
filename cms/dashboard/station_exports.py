"""The list of stations as a file: what the list shows, every page of it."""

from collections.abc import Iterator, Mapping
from itertools import islice

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from billing.exports import asking, paging
from billing.exports.kinds import Ask, Column, Format, Kind, Params
from cms.core.csv_dialect import Cell
from cms.dashboard.selectors import stations as selectors
from cms.templatetags.ui import STATES
from stations.models import ChargingStation

_CHUNK = 500
COLUMNS = (
    Column("station", _("Station"), width=14),
    Column("name", _("Name")),
    Column("location", _("Location")),
    Column("address", _("Address"), width=32),
    Column("model", _("Model")),
    Column("serial_number", _("Serial number"), width=18),
    Column("firmware", _("Firmware"), width=14),
    Column("protocol", _("Protocol"), width=12),
    Column("sockets", _("Sockets"), Format.WHOLE, summed=True),
    Column("states", _("State"), width=32),
    Column("online", _("Online"), Format.FLAG),
    Column("last_seen", _("Last message"), Format.INSTANT),
    Column("problems", _("Problems"), Format.WHOLE, summed=True),
)


def clean(operator: Operator, given: Mapping[str, str]) -> Params:
    """The filters of the list."""
    filters = selectors.Filters.read(dict(given))
    said = {"state": filters.state, "search": filters.search}
    nowhere = {"site": "none"} if filters.site == "none" else {}
    return {name: value for name, value in said.items() if value} | asking.site(operator, given) | nowhere


def found(ask: Ask) -> QuerySet[ChargingStation]:
    return selectors.matching(ask.operator, selectors.Filters.read(dict(ask.params)))


def rows(ask: Ask) -> Iterator[list[Cell]]:
    listed = paging.in_order(found(ask))
    while chunk := list(islice(listed, _CHUNK)):
        for row in selectors.rows(chunk):
            yield _told(row)


def _told(row: selectors.Row) -> list[Cell]:
    station, place = row.station, row.station.location
    return [
        station.identity,
        station.name,
        place.name if place else "",
        f"{place.address}, {place.postal_code} {place.city}" if place else "",
        " ".join(filter(None, (station.vendor, station.model))),
        station.serial_number,
        station.firmware_version,
        station.ocpp_version,
        len(row.connectors),
        ", ".join(str(STATES[connector.state]) for connector in row.connectors),  # type: ignore[attr-defined]  # annotated
        station.online,
        station.last_seen,
        row.faults,
    ]


def _says(params: Mapping[str, str]) -> str:
    state = [str(STATES[params["state"]])] if params.get("state") in STATES else []
    return " · ".join([*state, *(params[name] for name in ("search", "place") if name in params)])


KIND = Kind(
    name="stations",
    title=_("Stations"),
    permission="station.view",
    clean=clean,
    stem=lambda ask: "stations",
    columns=COLUMNS,
    rows=rows,
    count=lambda ask: found(ask).count(),
    says=_says,
    listed=False,
)
