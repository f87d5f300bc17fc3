"""A place to charge at on a live server: an operator with a price, a station with a password, a driver with a card."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accounts.models import Driver
from billing.models import CDR, Payment
from billing.services.prices import assigning, tariffs
from sessions_app.models import ChargingSession
from stations.models import ChargingStation, Frame
from stations.services import provisioning
from tests.factories import DriverFactory, LocationFactory, OperatorFactory, TokenFactory, UserFactory
from tests.factories.billing import PaymentMethodFactory

from .live import LiveServer

PRICE = Decimal("0.55")
PASSWORD = "0123456789ABCDEF0123456789ABCDEF01234567"
PATIENCE_S = 30
_count = iter(range(1, 1000))


@dataclass(frozen=True)
class Site:
    live: LiveServer
    identity: str
    tags: tuple[str, ...]
    station_id: int
    driver_id: int

    @property
    def url(self) -> str:
        return self.live.station_url(self.identity)

    def sessions(self) -> list[ChargingSession]:
        return list(ChargingSession.objects.filter(station=self.station_id).order_by("pk"))

    def cdrs(self) -> list[CDR]:
        return list(CDR.objects.filter(session__station=self.station_id).select_related("session").order_by("pk"))

    def payments(self) -> list[Payment]:
        return list(Payment.objects.filter(cdr__session__station=self.station_id).order_by("cdr"))

    def journal(self) -> list[Frame]:
        """What the station said, in order."""
        return list(Frame.objects.filter(station=self.station_id, outgoing=False).order_by("pk"))

    def mails(self) -> list[str]:
        """The texts of all mails to its driver."""
        email = f"driver-{self.identity.lower()}@driver.example"
        files = (self.live.folder / "mail").glob("*.log")
        return [text for file in files if f"To: {email}" in (text := file.read_text())]


def build(live: LiveServer, *, tags: int = 1, energy: Decimal = PRICE) -> Site:
    """Call it inside `live.orm()`."""
    number = next(_count)
    identity = f"SC-{number:03d}"
    operator = OperatorFactory(slug=f"scenario-{number}", name=f"Rete {number}", party_id=f"{number:03d}")
    location = LocationFactory(operator=operator, name="Bologna, Via Stalingrado")
    price = {"type": "ENERGY", "price": energy, "vat": Decimal(22), "step_size": 1}
    version = tariffs.create(
        operator=operator, name="Normale", elements=[{"price_components": [price]}], valid_from=_long_ago(), by=None
    )
    assigning.assign(tariff=version.tariff, operator=operator, valid_from=_long_ago(), by=None)
    station = provisioning.create(operator=operator, identity=identity, location=location, password=PASSWORD, by=None)
    driver: Driver = DriverFactory(
        operator=operator,
        user=UserFactory(email=f"driver-{identity.lower()}@driver.example", language="it"),
        billing_name="Trasporti Emilia S.r.l.",
        vat_number="IT00000370379",
        address="Via della Cooperazione 21",
        postal_code="40129",
        city="Bologna",
        province="BO",
        sdi_code="0000000",
    )
    PaymentMethodFactory(driver=driver)
    cards = tuple(TokenFactory(operator=operator, driver=driver, uid=f"04{number:04X}{n:02X}").uid for n in range(tags))
    return Site(live, identity, cards, station.pk, driver.pk)


def _long_ago() -> Any:
    from datetime import UTC, datetime

    return datetime(2020, 1, 1, tzinfo=UTC)


def until(condition: Callable[[], Any], what: str = "") -> Any:
    """What a server does after its answer (rating, collecting, mailing) is waited for, not slept for."""
    end = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"did not happen: {what}")
        time.sleep(0.05)
    return found


def online(station_id: int) -> bool:
    return ChargingStation.objects.get(pk=station_id).online
