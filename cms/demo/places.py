"""Where the demo world charges. Addresses and companies are invented or public places; nothing stands there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Hardware:
    """A model of charging station as its maker sells it. Power in W per connector."""

    vendor: str
    model: str
    firmware: str
    version: str
    dc: bool
    connectors: int
    max_w: int
    standard: str  # OCPI ConnectorType
    power_type: str  # OCPI PowerType


DUO = Hardware("Elettra", "Duo 22", "1.4.2", "1.6", False, 2, 22_000, "IEC_62196_T2", "AC_3_PHASE")
RAPIDA = Hardware("Fulgor", "Rapida 150", "3.1.0", "2.0.1", True, 1, 150_000, "IEC_62196_T2_COMBO", "DC")


@dataclass(frozen=True, slots=True)
class Station:
    """`visits` are arrivals per day. `broken` maps a connector to (errorCode, vendorErrorCode, broken for)."""

    identity: str
    name: str
    hardware: Hardware = DUO
    visits: float = 1.5
    broken: Mapping[int, tuple[str, str, timedelta]] = field(default_factory=dict)
    unreachable_for: timedelta | None = None
    out_of_service: tuple[int, ...] = ()
    flaky: bool = False
    signs: bool = False

    @property
    def serial(self) -> str:
        return f"{self.hardware.model[:2].upper()}{int(self.identity[3:]):06d}"


@dataclass(frozen=True, slots=True)
class Place:
    name: str
    address: str
    postal_code: str
    city: str
    province: str
    latitude: Decimal
    longitude: Decimal
    tariff: str
    stations: tuple[Station, ...]
    opening_hours: str = "24/7"


def _rapida(identity: str, name: str, visits: float = 3.7, **more: object) -> Station:
    return Station(identity, name, RAPIDA, visits, **more)  # type: ignore[arg-type]


RETE = (
    Place(
        "Bologna, Via Stalingrado", "Via Stalingrado 71", "40128", "Bologna", "BO", Decimal("44.508900"), Decimal("11.356000"), "AC",
        (
            Station("CP-0042", "Stalingrado nord", visits=2.7, broken={1: ("PowerSwitchFailure", "E-117", timedelta(minutes=41))}),
            Station("CP-0043", "Stalingrado centro", visits=2.2),
            Station("CP-0044", "Stalingrado sud", visits=1.8),
        ),
    ),
    Place(
        "Bologna, Parcheggio Tanari", "Via Tanari 17", "40131", "Bologna", "BO", Decimal("44.507300"), Decimal("11.330400"), "AC",
        (
            Station("CP-0051", "Tanari 1", visits=2.0),
            Station("CP-0052", "Tanari 2", visits=1.7),
            Station("CP-0053", "Tanari 3", visits=1.4),
        ),
        "06:00–24:00",
    ),
    Place(
        "Modena Est", "Via Emilia Est 985", "41122", "Modena", "MO", Decimal("44.630600"), Decimal("10.968900"), "DC",
        (_rapida("CP-0061", "Modena Est 1", 4.2, signs=True), _rapida("CP-0062", "Modena Est 2", 3.9, signs=True)),
    ),
    Place(
        "Cesena Nord", "Via Assano 5", "47522", "Cesena", "FC", Decimal("44.167800"), Decimal("12.247600"), "DC",
        (
            _rapida("CP-0141", "Cesena Nord 1", 4.2), _rapida("CP-0142", "Cesena Nord 2", 3.7),
            _rapida("CP-0143", "Cesena Nord 3", 3.0),
        ),
    ),
    Place(
        "Ravenna, Darsena", "Via Magazzini Posteriori 52", "48122", "Ravenna", "RA", Decimal("44.420300"), Decimal("12.209800"), "AC",
        (Station("CP-0071", "Darsena 1"), Station("CP-0072", "Darsena 2", visits=1.3, broken={2: ("GroundFailure", "E-008", timedelta(hours=7))})),
    ),
    Place(
        "Rimini, Lungomare Tintori", "Lungomare Tintori 30", "47921", "Rimini", "RN", Decimal("44.072700"), Decimal("12.578900"), "AC",
        (
            Station("CP-0288", "Lungomare 1", visits=1.8),
            Station("CP-0289", "Lungomare 2", visits=1.7, flaky=True),
            Station("CP-0290", "Lungomare 3", visits=1.3, out_of_service=(2,)),
        ),
    ),
    Place(
        "Ancona, Porto", "Via Einaudi 9", "60125", "Ancona", "AN", Decimal("43.610600"), Decimal("13.508700"), "AC",
        (Station("CP-0081", "Porto 1"), Station("CP-0082", "Porto 2", visits=1.4)),
    ),
    Place(
        "Pescara, Porto Turistico", "Via Papa Giovanni XXIII 1", "65126", "Pescara", "PE", Decimal("42.457900"), Decimal("14.230500"), "AC",
        (
            Station("CP-0115", "Marina 1"), Station("CP-0116", "Marina 2", visits=1.4),
            Station("CP-0117", "Marina 3", visits=1.4, unreachable_for=timedelta(minutes=6)),
            Station("CP-0118", "Marina 4", visits=1.1),
        ),
    ),
    Place(
        "Bari, Via Amendola", "Via Amendola 172", "70126", "Bari", "BA", Decimal("41.103800"), Decimal("16.883700"), "DC",
        (_rapida("CP-0131", "Amendola 1", 3.7), _rapida("CP-0132", "Amendola 2", 3.4)),
    ),
)  # fmt: skip

COSTA = (
    Place(
        "Livorno, Porta a Mare", "Via Edda Fagni 35", "57123", "Livorno", "LI", Decimal("43.543600"), Decimal("10.302800"), "AC",
        (Station("CO-0001", "Porta a Mare 1"), Station("CO-0002", "Porta a Mare 2", visits=1.2)),
    ),
    Place(
        "Genova, Marina Aeroporto", "Via Pionieri e Aviatori d’Italia 203", "16154", "Genova", "GE", Decimal("44.417100"), Decimal("8.842300"), "AC",
        (Station("CO-0003", "Marina 1", visits=1.4), Station("CO-0004", "Marina 2", visits=1.1)),
    ),
)  # fmt: skip
