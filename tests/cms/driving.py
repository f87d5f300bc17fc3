"""A place where Dario can charge, and charges that really went through the central system."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.test import Client

from accounts.models import Driver, Operator, Token
from accounts.services import tokens
from billing.services.charges import rating
from cms.wiring import csms
from sessions_app.models import ChargingSession, StartRequest
from stations.models import EVSE, ChargingStation, Command, Connector, Location
from tests.factories import ConnectorFactory, EvseFactory, LocationFactory, StationFactory
from tests.factories.billing import LONG_AGO, TariffAssignmentFactory, TariffFactory, TariffVersionFactory, element
from tests.sessions_app.telling import MORNING, Teller

BOLOGNA = (Decimal("44.509"), Decimal("11.352"))
UID = "IT*ADR*E0042*1"


def place(operator: Operator, name: str = "Via Stalingrado 71", at: Any = BOLOGNA, **facts: Any) -> Location:
    latitude, longitude = at or (None, None)
    made: Location = LocationFactory(
        operator=operator, name=name, **{"latitude": latitude, "longitude": longitude, **facts}
    )
    return made


def stand(
    location: Location, statuses: Sequence[str] = ("Available",), *, online: bool = True, **facts: Any
) -> ChargingStation:
    """A station with one EVSE per status, 22 kW Type 2 unless said otherwise (`standard`, `power`, `uid`, `code`)."""
    standard, power = facts.pop("standard", "IEC_62196_T2"), facts.pop("power", 22_000)
    uid, code = facts.pop("uid", None), facts.pop("code", None)
    version = facts.pop("ocpp_version", "1.6")
    station: ChargingStation = StationFactory(
        operator=location.operator, location=location, online=online, last_seen=MORNING, ocpp_version=version, **facts
    )
    for number, status in enumerate(statuses, 1):
        named = {"uid": uid, "short_code": code} if uid and number == 1 else {}
        evse = EvseFactory(station=station, evse_id=number, max_power_w=power, **{k: v for k, v in named.items() if v})
        ConnectorFactory(evse=evse, standard=standard, status=status, status_at=MORNING, updated_at=MORNING)
    return station


def price(
    operator: Operator,
    *elements: Any,
    location: Location | None = None,
    valid_from: datetime = LONG_AGO,
    **terms: Any,
) -> None:
    """0.59 €/kWh unless said otherwise; a later price replaces an earlier one."""
    tariff = TariffFactory(operator=operator)
    said = list(elements) or [element("ENERGY", "0.59")]
    TariffVersionFactory(tariff=tariff, elements=said, valid_from=valid_from, **terms)
    TariffAssignmentFactory(operator=operator, location=location, tariff=tariff, valid_from=valid_from)


@dataclass
class Driving:
    """Dario at Via Stalingrado 71, 0.59 €/kWh. Minutes count from 8:30 UTC (`MORNING`)."""

    dario: Driver
    station: ChargingStation = field(init=False)

    def __post_init__(self) -> None:
        self.location = place(self.dario.operator)
        self.station = stand(self.location, ["Available", "Available"], uid=UID, code="7K3M9P", identity="CP-0042")
        price(self.dario.operator)
        self.token: Token = tokens.issue_app_token(driver=self.dario)
        self.teller = Teller(self.station)

    @property
    def evse(self) -> EVSE:
        return EVSE.objects.get(uid=UID)

    def says(self, *events: Any) -> Any:
        return csms.handle(events)

    def status(self, status: str, **facts: Any) -> None:
        Connector.objects.filter(evse=self.evse).update(status=status, **facts)

    def begins(self, minute: float = 0, *, token: Token | None = None, evse: int = 1) -> ChargingSession:
        self.says(self.teller.start(minute, (token or self.token).uid, evse=evse))
        return ChargingSession.objects.latest("pk")

    def reads(self, session: ChargingSession, minute: float, wh: int, **measured: Any) -> None:
        """`wh` since the start."""
        self.says(self.teller.update(minute, session.transaction_id, 1200 + wh, evse=session.evse_id, **measured))

    def ends(self, session: ChargingSession, minute: float, wh: int) -> None:
        self.says(self.teller.stop(minute, session.transaction_id, 1200 + wh))

    def charged(self, wh: int = 20_000, *, minutes: int = 60, begun: float = 0, rated: bool = True) -> ChargingSession:
        """A whole charge, rated."""
        session = self.begins(begun)
        if wh:
            self.reads(session, begun + minutes / 2, wh // 2, power=11_000)
        self.ends(session, begun + minutes, wh)
        if rated:
            rating.rate(session_id=session.pk)
        session.refresh_from_db()
        return session

    def asked(self, *, command: str = "accepted", status: str = "waiting", **facts: Any) -> StartRequest:
        """A remote start of Dario's, and what became of it."""
        sent = Command.objects.create(
            station=self.station,
            ocpp_version="1.6",
            kind="RequestStart",
            action="RemoteStartTransaction",
            status=command,
            created_at=MORNING,
        )
        return StartRequest.objects.create(
            **{
                "operator": self.dario.operator,
                "station": self.station,
                "evse_id": 1,
                "driver": self.dario,
                "token": self.token,
                "command": sent,
                "status": status,
                "public_token": "secret",
                "expires_at": MORNING + timedelta(minutes=2),
                **facts,
            }
        )


def see(client: Client, path: str, status: int = 200) -> str:
    """The page in English, its non-breaking spaces as spaces."""
    answer = client.get(path, headers={"accept-language": "en"})
    assert answer.status_code == status
    return str(answer.content.decode()).replace("\u00a0", " ").replace("&nbsp;", " ")


def minute(n: float) -> datetime:
    return MORNING + timedelta(minutes=n)
