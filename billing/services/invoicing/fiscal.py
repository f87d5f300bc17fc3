"""What an operator has decided about its fiscal documents."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import access
from accounts.models import Operator
from billing.documents import einvoice_header, numbering, parties
from billing.documents.fatturapa import names
from billing.models import EInvoice, FileSequence, FiscalSettings
from billing.services.invoicing.issuing import Actor
from cms.core.errors import Invalid

REGISTER = ("rea_office", "rea_number", "share_capital", "sole_shareholder", "in_liquidation")
EDITABLE = (
    "transmitter", "no_vat_natura", "no_vat_law", "charge_stamp_duty", "mail_invoices", "server_energia", "series", *REGISTER,
)  # fmt: skip

NATURAS = (
    ("N1", gettext_lazy("N1 outside the taxable amount (art. 15)")),
    ("N2.1", gettext_lazy("N2.1 taxable abroad (artt. 7–7-septies)")),
    ("N2.2", gettext_lazy("N2.2 not subject to VAT, other cases")),
    ("N3.6", gettext_lazy("N3.6 not taxable, other operations")),
    ("N4", gettext_lazy("N4 exempt")),
    ("N6.8", gettext_lazy("N6.8 reverse charge: energy")),
    ("N7", gettext_lazy("N7 VAT paid in another EU state")),
)


def settings_of(operator: Operator) -> FiscalSettings:
    """Stored or, before anybody has decided, the defaults."""
    return FiscalSettings.objects.filter(operator=operator).first() or FiscalSettings(operator=operator)


def italian(operator: Operator) -> bool:
    """Bollo, FatturaPA and corrispettivi are duties of sellers in Italy."""
    return operator.country_code == "IT"


def update(*, operator: Operator, values: Mapping[str, Any], by: Actor) -> FiscalSettings:
    """Names in `values`: see EDITABLE, and `last_file`, the last name that another program has used (00420): ours go on after it,
    and never before one of our own. Raises Forbidden, and Invalid by field; then nothing is changed."""
    if by is not None:
        access.demand(by, "operator.edit", operator)
    given = {name: values[name] for name in EDITABLE if name in values}
    wrong: dict[str, list[str]] = {}
    for name in _RULES.keys() & given.keys():
        clean, sentence = _RULES[name]
        given[name] = clean(str(given[name] or ""))
        if given[name] is None:
            wrong[name] = [str(sentence)]
    if given.get("no_vat_natura", "N2.2") not in dict(NATURAS):
        wrong["no_vat_natura"] = [_("Choose one of the list.")]
    if bool(given.get("rea_number")) != bool(given.get("rea_office")):
        wrong["rea_number"] = [_("Number and province go together.")]
    last = _counted(str(values.get("last_file") or ""), wrong)
    if wrong:
        raise Invalid(wrong)
    return _save(operator, given, last)


@transaction.atomic
def _save(operator: Operator, given: Mapping[str, Any], last: int) -> FiscalSettings:
    row, _made = FiscalSettings.objects.update_or_create(operator=operator, defaults=given)
    if last:
        transmitter = einvoice_header.transmitter(parties.seller(operator), row)
        FileSequence.objects.get_or_create(transmitter=transmitter)
        counter = FileSequence.objects.select_for_update().get(transmitter=transmitter)
        counter.last = max(last, _used(transmitter))
        counter.save(update_fields=["last"])
    return row


def _used(transmitter: str) -> int:
    """The highest of our own names."""
    mine = EInvoice.objects.filter(file_name__startswith=f"{transmitter}_").values_list("file_name", flat=True)
    return max((names.count_of(name) for name in mine.order_by("-pk")[:_LATEST]), default=0)


_LATEST = 500  # names go up: more than this many are never on their way at once


def last_file(operator: Operator) -> str:
    """The progressive of the last file name, "" before the first."""
    transmitter = einvoice_header.transmitter(parties.seller(operator), settings_of(operator))
    last = FileSequence.objects.filter(transmitter=transmitter).values_list("last", flat=True).first()
    return names.progressive(last) if last else ""


def _counted(typed: str, wrong: dict[str, list[str]]) -> int:
    try:
        count = names.counted(typed) if typed.strip() else 0
    except ValueError:
        wrong["last_file"] = [_("Up to five letters and digits, as in the name of the file.")]
        return 0
    if count > names.MOST - _LEFT:
        wrong["last_file"] = [_("Too few names would be left after this one.")]
    return count


_LEFT = 1_000_000


def _matching(pattern: str, without: str = r"\s") -> Callable[[str], str | None]:
    """What was typed without what people put between, or None."""

    def clean(typed: str) -> str | None:
        plain = re.sub(f"[{without}]", "", typed).upper()
        return plain if re.fullmatch(pattern, plain) else None

    return clean


def _server(typed: str) -> str | None:
    plain = " ".join(typed.split())
    return plain if plain.isascii() and len(plain) <= 40 else None


_RULES: dict[str, tuple[Callable[[str], str | None], Promise]] = {
    "transmitter": (
        _matching(r"([A-Z]{2}[A-Z0-9]{2,28})?", without=r"\s.\-"),
        gettext_lazy("Two letters of the country and the fiscal id, like IT01234567890."),
    ),
    "server_energia": (_server, gettext_lazy("At most 40 letters and digits.")),
    "series": (
        _matching(rf"(?!{numbering.STATEMENTS}$)[A-Z0-9]{{0,8}}"),
        gettext_lazy("At most 8 letters and digits; H is the hosts’ statements’."),
    ),
    "rea_office": (_matching("([A-Z]{2})?"), gettext_lazy("Two letters, like BO.")),
    "rea_number": (_matching("[0-9]{0,20}", without=r"\s.\-"), gettext_lazy("Digits alone.")),
}
