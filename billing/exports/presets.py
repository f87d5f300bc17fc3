"""How a list is written: for Excel first, as CSV for an Italian or an English spreadsheet, or for machines (ux.md §4.7)."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cms.core import csv_dialect
from cms.core.csv_dialect import Dialect
from cms.core.errors import Invalid

from .kinds import Kind


@dataclass(frozen=True, slots=True)
class Preset:
    """`language` of heads and words, "" for the reader's own. `dialect` None: a workbook. `machine`: names instead of titles, UTC."""

    name: str
    title: Promise
    suffix: str
    media_type: str
    dialect: Dialect | None = None
    language: str = ""
    machine: bool = False


_CSV = "text/csv; charset=utf-8"
XLSX = Preset("xlsx", _("Excel"), "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
TABLES = {
    preset.name: preset
    for preset in (
        XLSX,
        Preset("csv_it", _("CSV, Italian Excel"), "csv", _CSV, csv_dialect.ITALIAN, "it"),
        Preset("csv_en", _("CSV, English"), "csv", _CSV, csv_dialect.ENGLISH, "en"),
        Preset("machine", _("CSV, machine names"), "csv", _CSV, csv_dialect.MACHINE, "en", machine=True),
    )
}
AS_BUILT = "file"


def of(kind: Kind, name: str) -> Preset:
    """The preset of a kind. Raises Invalid where the kind cannot be written so; "" is the first that it can."""
    if not kind.is_table:
        if name and name != AS_BUILT and name not in TABLES:  # the form asks for a format before it knows the kind
            raise Invalid({"preset": [gettext("This export has one format only.")]})
        return Preset(AS_BUILT, kind.title, kind.suffix, kind.media_type)
    try:
        return TABLES[name or XLSX.name]
    except KeyError as unknown:
        raise Invalid({"preset": [gettext("There is no such format.")]}) from unknown
