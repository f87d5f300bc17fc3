"""The demo's two prices: slow and fast, VAT included, with a fee for staying on after a grace."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F, QuerySet

from accounts.models import Operator, Role, User
from billing.forms.editor import Editor
from billing.models import Tariff, TariffAssignment, TariffVersion
from billing.services.prices import assigning, drafts, tariffs
from billing.tariffs import parsing
from stations.models import Location

VAT = Decimal(22)
BEFORE = timedelta(days=30)  # prices are older than the history
RISEN_AFTER = timedelta(days=25)  # the slow price once was lower
_KEEPS_THE_BOOKS = {"memberships__role": Role.ACCOUNTANT}


def elements(energy: str, parking_per_hour: str, grace_minutes: int, cap: str) -> list[dict[str, object]]:
    """€/kWh and, once the car is full and the grace is over, €/h up to a cap."""
    parking = {
        "type": "PARKING_TIME",
        "price": Decimal(parking_per_hour),
        "vat": VAT,
        "step_size": 60,
        "max_amount": Decimal(cap),
    }
    return [
        {"price_components": [{"type": "ENERGY", "price": Decimal(energy), "vat": VAT, "step_size": 1}]},
        {
            "price_components": [parking],
            "restrictions": {"min_parking_duration": grace_minutes * 60},
        },
    ]


def create(operator: Operator, start: datetime) -> dict[str, Tariff]:
    """By the name that places use. The slow one is the operator's default."""
    since = start - BEFORE
    slow = _first(operator, "Normale · 22 kW", elements("0.52", "6.00", 15, "12.00"), since)
    fast = _first(operator, "Rapida · 150 kW", elements("0.79", "12.00", 10, "20.00"), since)
    tariffs.change(tariff=slow, elements=elements("0.55", "6.00", 15, "12.00"), valid_from=start + RISEN_AFTER, by=None)
    assigning.assign(tariff=slow, operator=operator, valid_from=since, by=None)
    if (accountant := User.objects.filter(**_KEEPS_THE_BOOKS, memberships__operator=operator).first()) is not None:
        _signed(operator, accountant)
        _draft(slow, accountant)
    return {"AC": slow, "DC": fast}


def _first(operator: Operator, name: str, terms: list[dict[str, object]], since: datetime) -> Tariff:
    version: TariffVersion = tariffs.create(operator=operator, name=name, elements=terms, valid_from=since, by=None)
    return version.tariff


def _signed(operator: Operator, accountant: User) -> None:
    """Who published these prices, and when."""
    versions = TariffVersion.objects.filter(tariff__operator=operator)
    assigned = TariffAssignment.objects.filter(operator=operator)
    QuerySet.update(versions, by=accountant, created_at=F("valid_from") - timedelta(hours=3))
    QuerySet.update(assigned, by=accountant, created_at=F("valid_from"))


def _draft(tariff: Tariff, accountant: User) -> None:
    """Dearer in the evening rush, cheaper at night: something to try on the month that was."""
    newest = tariff.versions.order_by("-number")[0]
    rush = {"start_time": "17:00", "end_time": "20:00", "day_of_week": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"]}  # fmt: skip
    night = {"start_time": "22:00", "end_time": "07:00"}
    energy, parking = parsing.loads(newest.elements)
    wished = [
        {"price_components": [{**energy["price_components"][0], "price": price}], "restrictions": when}
        for price, when in ((Decimal("0.69"), rush), (Decimal("0.49"), night))
    ]
    version = TariffVersion(elements=tariffs.dumps([*wished, energy, parking]), currency=newest.currency)
    typed = Editor.of(version, tariff.name).typed
    drafts.keep(operator=tariff.operator, tariff=tariff, typed=typed, base=newest.number, by=accountant)


def assign(tariff: Tariff, operator: Operator, location: Location, start: datetime) -> None:
    assigning.assign(tariff=tariff, operator=operator, location=location, valid_from=start - BEFORE, by=None)
