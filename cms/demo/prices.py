"""The demo's two prices: slow and fast, VAT included, with a fee for staying on after a grace."""

from datetime import datetime, timedelta
from decimal import Decimal

from accounts.models import Operator
from billing.models import Tariff, TariffVersion
from billing.services import tariffs
from stations.models import Location

VAT = Decimal(22)
BEFORE = timedelta(days=30)  # prices are older than the history
RISEN_AFTER = timedelta(days=25)  # the slow price once was lower


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
    tariffs.assign(tariff=slow, operator=operator, valid_from=since, by=None)
    return {"AC": slow, "DC": fast}


def _first(operator: Operator, name: str, terms: list[dict[str, object]], since: datetime) -> Tariff:
    version: TariffVersion = tariffs.create(operator=operator, name=name, elements=terms, valid_from=since, by=None)
    return version.tariff


def assign(tariff: Tariff, operator: Operator, location: Location, start: datetime) -> None:
    tariffs.assign(tariff=tariff, operator=operator, location=location, valid_from=start - BEFORE, by=None)
