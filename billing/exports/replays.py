"""The last weeks at another price, charge by charge: what each cost and what it would cost (`selectors.replay`).

The price and the moment are frozen in the job's params: what somebody types on meanwhile changes no file. A price that is not
published comes as its terms (`price`: JSON with elements, currency, tax_included, min_price, max_price), one that is as `version`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Operator
from billing.models import Tariff, TariffVersion
from billing.selectors import replay
from billing.selectors.assignments import Scope
from billing.selectors.replay import Change, Question, Replay
from billing.tariffs import exact, parsing
from cms.core.csv_dialect import Cell
from cms.core.errors import Invalid

from .kinds import Ask, Column, Format, Kind, Params

COLUMNS = (
    Column("charge", gettext_lazy("Charge"), Format.WHOLE),
    Column("started_at", gettext_lazy("Start"), Format.INSTANT),
    Column("location", gettext_lazy("Location")),
    Column("energy_kwh", gettext_lazy("Energy, kWh"), Format.ENERGY, summed=True),
    Column("currency", gettext_lazy("Currency"), width=9),
    Column("was", gettext_lazy("Was"), Format.MONEY, summed=True),
    Column("would_be", gettext_lazy("Would be"), Format.MONEY, summed=True),
    Column("change", gettext_lazy("Change"), Format.MONEY, summed=True),
    Column("change_percent", gettext_lazy("Change, %"), Format.NUMBER),
)
LIMITS = ("min_price", "max_price")
AT_ONCE = 300  # charges that are priced again while somebody waits: a millisecond or two each


def clean(operator: Operator, given: Mapping[str, str]) -> Params:
    """Raises Invalid for a tariff of nobody's or somebody else's, and for what is no price, no scope and no moment."""
    tariff = _tariff(operator, given.get("tariff", ""))
    found = {"tariff": str(tariff.pk), "name": tariff.name} if tariff else {"name": given.get("name", "")[:100]}
    if given.get("price"):
        found["price"] = _priced(given["price"])
    else:
        found["version"] = str(_numbered(tariff, given.get("version", "")).number)
    if given.get("scope"):
        found["scope"] = json.dumps([*_scope(operator.pk, given["scope"])][1:])
        if given.get("wherever"):
            found["wherever"] = "1"
    elif tariff is None:
        raise Invalid({"scope": [_("Say which charges: of a tariff, or of a place and people.")]})
    return {**found, "until": f"{_until(given.get('until', '')):%Y-%m-%dT%H:%MZ}"}


def params(asked: Question, name: str) -> Params:
    """Of a question that a page asks: what `clean` takes."""
    version = asked.version
    found = {"tariff": str(asked.tariff.pk)} if asked.tariff else {"name": name}
    if version.pk:
        found["version"] = str(version.number)
    else:
        terms: dict[str, Any] = {"elements": version.elements, "currency": version.currency}
        terms |= {"tax_included": version.tax_included}
        terms |= {limit: str(value) for limit in LIMITS if (value := getattr(version, limit)) is not None}
        found["price"] = json.dumps(terms, sort_keys=True)
    if asked.scope is not None:
        found["scope"] = json.dumps([*asked.scope][1:])
    if asked.wherever:
        found["wherever"] = "1"
    return found


def question(operator: Operator, params: Mapping[str, str]) -> Question:
    """What cleaned params ask."""
    tariff = _tariff(operator, params.get("tariff", ""))
    version = _version(params["price"]) if "price" in params else _numbered(tariff, params["version"])
    scope = _scope(operator.pk, params["scope"]) if "scope" in params else None
    return Question(version, operator, _until(params["until"]), None if scope else tariff, scope, "wherever" in params)


def _tariff(operator: Operator, text: str) -> Tariff | None:
    if not text:
        return None
    found = operator.tariffs.filter(pk=int(text)).first() if text.isdecimal() and len(text) < 19 else None
    if found is None:
        raise Invalid({"tariff": [_("There is no such entry.")]})
    return found


def _numbered(tariff: Tariff | None, text: str) -> TariffVersion:
    known = tariff.versions.filter(number=int(text)).first() if tariff and text.isdecimal() and len(text) < 10 else None
    if known is None:
        raise Invalid({"version": [_("There is no such entry.")]})
    return known


def _priced(text: str) -> str:
    """The same terms, written as we write them."""
    version = _version(text)
    facts: dict[str, Any] = {
        "elements": version.elements,
        "currency": version.currency,
        "tax_included": version.tax_included,
    }
    facts |= {limit: str(value) for limit in LIMITS if (value := getattr(version, limit)) is not None}
    return json.dumps(facts, sort_keys=True)


def _version(text: str) -> TariffVersion:
    """`elements` as JSON text within the JSON: its numbers stay as they were written."""
    try:
        given = dict(json.loads(text))
        limits = {limit: Decimal(given[limit]) if given.get(limit) else None for limit in LIMITS}
        version = TariffVersion(
            elements=str(given["elements"]),
            currency=str(given["currency"]),
            tax_included=bool(given.get("tax_included", True)),
            **limits,
        )
        parsing.tariff(
            parsing.loads(version.elements),
            currency=version.currency,
            tax_included=version.tax_included,
            min_price=version.min_price,
            max_price=version.max_price,
        )
    except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError) as wrong:
        raise Invalid({"price": [_("This is not a tariff.")]}) from wrong
    return version


def _scope(operator_id: int, text: str) -> Scope:
    """[plan, group, partner, ad_hoc, location, station, evse, power_type]"""
    try:
        plan, group, partner, ad_hoc, location, station, evse, power = json.loads(text)
    except (ValueError, TypeError, RecursionError) as wrong:
        raise Invalid({"scope": [_("This is no place and no kind of people.")]}) from wrong
    scope = Scope(operator_id, plan, group, str(partner or ""), bool(ad_hoc), location, station, evse, str(power or ""))
    for pk in (plan, group, location, station, evse):
        if pk is not None and (not isinstance(pk, int) or not 0 < pk < 2**63):
            raise Invalid({"scope": [_("This is no place and no kind of people.")]})
    return scope


def _until(text: str) -> datetime:
    """Whole minutes, so that a question asked twice is one job."""
    if not text:
        return timezone.now().replace(second=0, microsecond=0)
    try:
        found = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as wrong:
        raise Invalid({"until": [_("A time of this century is expected.")]}) from wrong
    if not 2000 <= found.year < 2200:
        raise Invalid({"until": [_("A time of this century is expected.")]})
    return found.replace(second=0, microsecond=0)


# ---- rows ----------------------------------------------------------------------------------------------------------------


def rows(ask: Ask) -> Iterator[list[Cell]]:
    asked = question(ask.operator, ask.params)
    for change in replay.changes(asked.version, replay.charges(asked)):
        yield _row(change, asked.version.currency)


def _row(change: Change, currency: str) -> list[Cell]:
    share = change.share
    return [
        change.session_id,
        change.started_at,
        change.place,
        exact.rounded(exact.number(change.energy) / 1000, 3),
        currency,
        change.old,
        change.new,
        change.difference,
        None if share is None else exact.rounded(exact.number(share) * 100, 1),
    ]


class Sum:
    """A replay of the rows, while they are written."""

    def __init__(self, ask: Ask) -> None:
        self.replay: Replay = replay.empty(question(ask.operator, ask.params), 0)

    def take(self, row: Sequence[Any]) -> None:
        session, started_at, place, kwh, _currency, old, new, *_rest = row
        self.replay.found += 1
        self.replay.take(Change(session, started_at, place, kwh * 1000, old, new))

    def text(self) -> str:
        return self.replay.text()


def says(params: Mapping[str, str]) -> str:
    version = params.get("version")
    of = _("version %(n)s") % {"n": version} if version else _("draft")
    return f"{params['name']}, {of}" if params.get("name") else of


KIND = Kind(
    name="replay",
    title=gettext_lazy("Last 30 days at another price"),
    permission="tariff.view",
    clean=clean,
    stem=lambda ask: f"replay-{ask.params['until'][:10]}",
    columns=COLUMNS,
    rows=rows,
    count=lambda ask: len(replay.charges(question(ask.operator, ask.params))),
    says=says,
    listed=False,
    sums=Sum,
    small=AT_ONCE,
)
