import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import factory

from billing.models import CDR, PaymentMethod, Tariff, TariffAssignment, TariffVersion
from sessions_app.models import ChargingSession

from .accounts import DriverFactory, OperatorFactory
from .stations import StationFactory

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def component(kind: str, price: str, *, vat: int | None = 22, step: int = 1) -> dict[str, Any]:
    return {"type": kind, "price": Decimal(price), "vat": vat, "step_size": step}


def element(kind: str, price: str, *, vat: int | None = 22, step: int = 1, **restrictions: Any) -> dict[str, Any]:
    """One priced dimension: element("ENERGY", "0.55"), element("PARKING_TIME", "6", min_parking_duration=900)."""
    whole = {"price_components": [component(kind, price, vat=vat, step=step)]}
    return {**whole, "restrictions": restrictions} if restrictions else whole


class TariffFactory(factory.django.DjangoModelFactory[Tariff]):
    class Meta:
        model = Tariff

    operator = factory.SubFactory(OperatorFactory)
    name = factory.Sequence(lambda n: f"Tariff {n}")


class TariffVersionFactory(factory.django.DjangoModelFactory[TariffVersion]):
    """0.55 €/kWh including 22 % VAT, since long ago; `elements` may be a list."""

    class Meta:
        model = TariffVersion

    tariff = factory.SubFactory(TariffFactory)
    number = 1
    valid_from = LONG_AGO
    elements = factory.LazyFunction(lambda: [element("ENERGY", "0.55")])

    @classmethod
    def _create(cls, model_class: Any, *args: Any, elements: Any, **kwargs: Any) -> Any:
        text = elements if isinstance(elements, str) else json.dumps(elements, default=str)
        return super()._create(model_class, *args, elements=text, **kwargs)


class TariffAssignmentFactory(factory.django.DjangoModelFactory[TariffAssignment]):
    class Meta:
        model = TariffAssignment

    operator = factory.SubFactory(OperatorFactory)
    valid_from = LONG_AGO


class EndedSessionFactory(factory.django.DjangoModelFactory[ChargingSession]):
    """An hour's charge of 20 kWh that has ended; give `energy` in Wh, `minutes`, `started_at`."""

    class Meta:
        model = ChargingSession

    class Params:
        minutes = 60

    station = factory.SubFactory(StationFactory)
    operator = factory.SelfAttribute("station.operator")
    location = factory.SelfAttribute("station.location")
    evse_id = 1
    connector_id = 1
    ocpp_version = "1.6"
    transaction_id = factory.Sequence(str)
    start_key = factory.Sequence(lambda n: f"start-{n}")
    id_tag = "04A1B2C3"
    status = ChargingSession.Status.COMPLETED
    started_at = datetime(2026, 6, 15, 8, tzinfo=UTC)
    started_received_at = factory.SelfAttribute("started_at")
    stopped_at = factory.LazyAttribute(lambda s: s.started_at + timedelta(minutes=s.minutes))
    stopped_received_at = factory.SelfAttribute("stopped_at")
    stop_reason = "Local"
    energy = Decimal(20_000)
    meter_start = Decimal(1_000_000)
    meter_stop = factory.LazyAttribute(lambda s: s.meter_start + s.energy)


class CDRFactory(factory.django.DjangoModelFactory[CDR]):
    """A charge of `incl` euro (22 % VAT in it) with nothing rated behind it; give `driver`, `session`, `company`, `stopped_at`."""

    class Meta:
        model = CDR

    class Params:
        incl = Decimal("12.20")

    driver = factory.SubFactory(DriverFactory)
    operator = factory.SelfAttribute("driver.operator")
    session = factory.LazyAttribute(
        lambda c: EndedSessionFactory(
            station=StationFactory(operator=c.operator), driver=c.driver, started_at=c.started_at
        )
    )
    started_at = datetime(2026, 6, 15, 8, tzinfo=UTC)
    stopped_at = factory.LazyAttribute(lambda c: c.started_at + timedelta(hours=1))
    energy = Decimal(20_000)
    charging_seconds = 3600
    currency = "EUR"
    total_incl_vat = factory.LazyAttribute(lambda c: c.incl)
    total_vat = factory.LazyAttribute(lambda c: (c.incl - c.incl / Decimal("1.22")).quantize(Decimal("0.01")))
    total_excl_vat = factory.LazyAttribute(lambda c: c.total_incl_vat - c.total_vat)
    exact_excl_vat = factory.LazyAttribute(lambda c: str(c.total_excl_vat))
    exact_incl_vat = factory.LazyAttribute(lambda c: str(c.total_incl_vat))
    snapshot = "{}"
    periods = "[]"
    trace = factory.LazyAttribute(
        lambda c: json.dumps(
            {"currency": c.currency, "tax_included": True, "lines": [], "vat": []}
            | {name: str(getattr(c, name)) for name in ("total_excl_vat", "total_vat", "total_incl_vat")}
        )
    )


class PaymentMethodFactory(factory.django.DjangoModelFactory[PaymentMethod]):
    """An ordinary card at the fake provider, the driver's default."""

    class Meta:
        model = PaymentMethod

    driver = factory.SubFactory(DriverFactory)
    operator = factory.SelfAttribute("driver.operator")
    gateway = "fake"
    gateway_id = factory.Sequence(lambda n: f"fake_card_{n}")
    status = PaymentMethod.Status.ACTIVE
    is_default = True
    brand = "visa"
    last4 = "4242"
    exp_month = 12
    exp_year = 2034
