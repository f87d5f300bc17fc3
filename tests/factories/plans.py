"""Plans, cards that are good or bad, and who has them."""

import json
from dataclasses import asdict
from decimal import Decimal
from itertools import count
from typing import Any

import time_machine

from accounts.models import Driver, Operator
from billing.models import FakeProviderRecord, PaymentMethod, PlanVersion, Subscription
from billing.payments.fake_cards import Behaviour
from billing.services.recurring import choosing, plans

from .accounts import DriverFactory
from .billing import LONG_AGO

_number = count(1)


def plan(
    operator: Operator, name: str = "Adriatica 100", *, fee: str = "29.90", kwh: int = 100, **terms: Any
) -> PlanVersion:
    """Sold since long ago."""
    whole = plans.Terms(Decimal(fee), Decimal(22), included_energy=Decimal(kwh * 1000), **terms)
    with time_machine.travel(LONG_AGO, tick=False):
        return plans.create(operator=operator, name=name, terms=whole, by=None).versions.get()


def card(driver: Driver, *, says: str = "", asks: str = "") -> PaymentMethod:
    """A default card; `says` is the reason it is declined with, `asks` when its bank wants to be asked ("always")."""
    reference = f"fake_card_{next(_number)}"
    state = {
        "card": {"reference": reference, "brand": "visa", "last4": "4242"},
        "behaviour": asdict(Behaviour("", says, asks)),
    }
    FakeProviderRecord.objects.create(kind="card", reference=reference, key=reference, state=json.dumps(state))
    PaymentMethod.objects.filter(driver=driver).update(is_default=False)
    return PaymentMethod.objects.create(
        operator=driver.operator, driver=driver, gateway="fake", gateway_id=reference, status="active", is_default=True,
        brand="visa", last4="4242",
    )  # fmt: skip


def subscription(driver: Driver, version: PlanVersion) -> Subscription:
    """One that is paid and runs."""
    if not PaymentMethod.objects.filter(driver=driver).exists():
        card(driver)
    choosing.subscribe(driver=driver, version=version, by=None)
    return Subscription.objects.live().get(driver=driver)


def driver(operator: Operator) -> Driver:
    """Somebody else who charges there."""
    person: Driver = DriverFactory(operator=operator)
    return person
