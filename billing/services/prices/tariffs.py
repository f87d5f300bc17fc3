"""Making and changing prices. A version is never edited: a change is a new version, from a moment on."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from iso4217 import Currency

from accounts import access
from accounts.models import ApiKey, Operator, User
from billing.models import Tariff, TariffAssignment, TariffVersion
from billing.selectors import assignments
from billing.services.prices import lawful
from billing.tariffs import exact, parsing
from cms.core.errors import Conflict, Invalid
from cms.core.models import checked

MOST_ELEMENTS = 100
END = 2200  # no price begins or ends after it: clocks of other zones must not run out of years

Actor = User | ApiKey | None
"""None: the system itself (seeds, imports); it may do everything."""


@transaction.atomic
def create(
    *,
    operator: Operator,
    name: str,
    elements: Any,
    currency: str | None = None,
    tax_included: bool = True,
    min_price: Decimal | None = None,
    max_price: Decimal | None = None,
    valid_from: datetime | None = None,
    by: Actor,
) -> TariffVersion:
    """A new tariff with its first version. `elements` as in OCPI (with our members, see tariffs.model). The operator's first
    becomes the default: a network without a price would give its energy away.

    Raises Invalid with paths into `elements`, Forbidden, Conflict(afir).
    """
    demand(by, operator)
    tariff = Tariff(operator=operator, name=name.strip())
    checked(tariff)
    with lawful.kept(operator, by=by):
        tariff.save()
        version = _write(
            tariff,
            number=1,
            valid_from=moment(valid_from, None),
            elements=elements,
            currency=currency or operator.currency,
            tax_included=tax_included,
            min_price=min_price,
            max_price=max_price,
            by=by,
        )
        if not TariffAssignment.objects.filter(operator=operator, **_EVERYBODY_EVERYWHERE).exists():
            TariffAssignment.objects.create(operator=operator, tariff=tariff, valid_from=version.valid_from)
    return version


@transaction.atomic
def change(
    *, tariff: Tariff, by: Actor, name: str | None = None, valid_from: datetime | None = None, **terms: Any
) -> TariffVersion:
    """A new version that differs in `terms` (elements, currency, tax_included, min_price, max_price); what is not named stays.
    The newest version, unchanged, if nothing differs. Raises Invalid (for a person also where `valid_from` is past), Forbidden,
    Conflict(tariff_archived), Conflict(afir)."""
    demand(by, tariff)
    locked = Tariff.objects.select_for_update(of=("self",)).get(pk=tariff.pk)
    if locked.archived_at:
        raise Conflict(_("This tariff is archived."), code="tariff_archived", tariff=tariff.pk)
    if name is not None and name.strip() != locked.name:
        locked.name = name.strip()
        checked(locked)
        locked.save(update_fields=["name", "updated_at"])
    newest = locked.versions.standing().order_by("-number").first()
    assert newest is not None  # a tariff is born with a version, and one always stands
    whole = {**_terms(newest), **terms}
    if valid_from is None and not _differs(newest, whole):
        return newest
    number = (locked.versions.aggregate(n=Max("number"))["n"] or 0) + 1
    with lawful.kept(tariff.operator, by=by):
        return _write(locked, number=number, valid_from=moment(valid_from, by), by=by, **whole)


@transaction.atomic
def cancel(*, version: TariffVersion, by: Actor) -> TariffVersion:
    """A scheduled version that has not begun never will; twice is boring. Raises Forbidden, Conflict(version_begun) once it holds,
    Conflict(only_version) where the tariff would be left without any, Conflict(afir) where what goes on may not."""
    tariff = version.tariff
    demand(by, tariff)
    Tariff.objects.select_for_update(of=("self",)).get(pk=tariff.pk)
    if not tariff.versions.standing().exclude(pk=version.pk).exists():
        raise Conflict(_("A tariff needs a version: archive it instead."), code="only_version", tariff=tariff.pk)
    now = timezone.now()
    waiting = TariffVersion.objects.standing().filter(pk=version.pk, valid_from__gt=now)
    with lawful.kept(tariff.operator, by=by):
        done = waiting.update(cancelled_at=now, cancelled_by=by if isinstance(by, User) else None)
    if not done:
        version.refresh_from_db()
        if version.cancelled_at is None:
            raise Conflict(_("This version has begun: charges have it."), code="version_begun", version=version.pk)
    version.refresh_from_db()
    return version


_EVERYBODY_EVERYWHERE: dict[str, Any] = {
    "location": None,
    "station": None,
    "evse": None,
    "power_type": "",
    "plan": None,
    "driver_group": None,
    "partner": "",
    "ad_hoc": False,
}


def moment(valid_from: datetime | None, by: Actor) -> datetime:
    """A person who names this minute means now. Raises Invalid."""
    now = timezone.now()
    if valid_from is not None and valid_from.year >= END:
        raise Invalid({"valid_from": [_("A time of this century is expected.")]})
    if valid_from is None or (by is not None and now - timedelta(minutes=1) < valid_from < now):
        return now
    if by is not None and valid_from < now:
        raise Invalid({"valid_from": [_("A price cannot begin in the past.")]})
    return valid_from


@transaction.atomic
def archive(*, tariff: Tariff, by: Actor) -> Tariff:
    """No longer offered. Raises Conflict(tariff_in_use) while a place has it, now or from a later day on."""
    demand(by, tariff)
    now = timezone.now()
    if tariff.pk in _in_use(tariff.operator_id, now):
        raise Conflict(_("This tariff is still assigned to a location."), code="tariff_in_use", tariff=tariff.pk)
    Tariff.objects.filter(pk=tariff.pk, archived_at=None).update(archived_at=now)
    tariff.refresh_from_db()
    return tariff


def _in_use(operator_id: int, now: datetime) -> set[int | None]:
    """What holds in some scope now, and what will."""
    book = assignments.Book([operator_id])
    current = {entry.tariff_id for scope in book.entries if (entry := book.current(scope, now))}
    later = {e.tariff_id for entries in book.entries.values() for e in entries if e.valid_from > now}
    return current | later


def demand(by: Actor, obj: Operator | Tariff) -> None:
    if by is not None:
        access.demand(by, "tariff.edit", obj)


def _write(
    tariff: Tariff,
    *,
    number: int,
    valid_from: datetime,
    elements: Any,
    currency: str,
    tax_included: bool,
    min_price: Decimal | None,
    max_price: Decimal | None,
    by: Actor,
) -> TariffVersion:
    _check_currency(currency)
    if isinstance(elements, list) and len(elements) > MOST_ELEMENTS:
        raise Invalid({"elements": [_("At most %(n)s elements are possible.") % {"n": MOST_ELEMENTS}]})
    try:
        parsing.tariff(elements, currency=currency, tax_included=tax_included, min_price=min_price, max_price=max_price)
    except parsing.Wrong as wrong:
        raise Invalid(_fields(wrong)) from wrong
    try:
        with transaction.atomic():
            return TariffVersion.objects.create(
                tariff=tariff,
                number=number,
                elements=dumps(elements),
                currency=currency,
                tax_included=tax_included,
                min_price=min_price,
                max_price=max_price,
                valid_from=valid_from,
                by=by if isinstance(by, User) else None,
            )
    except IntegrityError as raced:
        raise Conflict(_("Somebody else changed this tariff just now."), code="tariff_changed") from raced


def _check_currency(currency: str) -> None:
    try:
        Currency(currency)
    except ValueError as unknown:
        raise Invalid({"currency": [_("An ISO 4217 code such as EUR is expected.")]}) from unknown


def _fields(wrong: parsing.Wrong) -> Mapping[str, list[str]]:
    """{"elements": ["0.price_components.1.price: Must not be negative."], "max_price": […]}, in the reader's language."""
    fields: dict[str, list[str]] = {}
    for path, sentence in wrong.errors:
        if path in ("min_price", "max_price", "elements"):
            fields.setdefault(path, []).append(_(sentence))
        else:
            fields.setdefault("elements", []).append(f"{path}: {_(sentence)}")
    return fields


def _terms(version: TariffVersion) -> dict[str, Any]:
    return {
        "elements": parsing.loads(version.elements),
        "currency": version.currency,
        "tax_included": version.tax_included,
        "min_price": version.min_price,
        "max_price": version.max_price,
    }


def _differs(version: TariffVersion, terms: Mapping[str, Any]) -> bool:
    return any(terms[name] != value for name, value in _terms(version).items())


def dumps(elements: Any) -> str:
    """JSON text with numbers as they are: a Decimal is written as a number, never through a float's binary value."""
    return orjson.dumps(elements, default=_number).decode()


def _number(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(exact.text(exact.number(value)))
    raise TypeError(f"{type(value).__name__} has no place in a tariff")
