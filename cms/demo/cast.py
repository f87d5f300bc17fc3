"""Who lives in the demo world. The people are invented; their mail goes to files."""

from dataclasses import dataclass

from . import places
from .places import Place

PASSWORD = "colonnina-demo"  # noqa: S105 - for everybody here; without DEMO none of them exists


@dataclass(frozen=True, slots=True)
class Person:
    first: str
    last: str
    email: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Company:
    """What stands on its invoices. VAT numbers have a right check digit and a made-up office."""

    slug: str
    name: str
    party_id: str
    legal_name: str
    vat_number: str
    address: str
    postal_code: str
    city: str
    province: str
    iban: str
    support_phone: str
    support_email: str
    members: tuple[tuple[Person, str], ...]
    drivers: tuple[Person, ...]
    places: tuple[Place, ...]


OLGA = Person("Olga", "Conti", "olga@rete.example")
TOM = Person("Tom", "Baker", "tom@rete.example", "en")
ANNA = Person("Anna", "Ferri", "anna@rete.example")
LUCA = Person("Luca", "Moretti", "luca@rete.example")
PAOLA = Person("Paola", "Gatti", "paola@rete.example")
DARIO = Person("Dario", "Greco", "dario@driver.example")
GIULIA = Person("Giulia", "Rinaldi", "giulia@driver.example")
MARCO = Person("Marco", "Bellini", "marco@driver.example")
CARLA = Person("Carla", "Ferrando", "carla@costa.example")

_FIRST = (
    "Alessandro", "Beatrice", "Chiara", "Davide", "Elena", "Federico", "Francesca", "Giacomo", "Ilaria", "Lorenzo", "Lucia",
    "Martina", "Matteo", "Nicola", "Paolo", "Roberta", "Sara", "Simone", "Stefano", "Valentina", "Emma", "Pietro", "Silvia",
    "Tommaso", "Irene", "Gabriele", "Noemi", "Riccardo", "Teresa", "Fabio", "Laura", "Enrico", "Marta", "Antonio", "Cecilia",
    "Daniele", "Giorgia", "Vittorio", "Alice", "Michele",
)  # fmt: skip
_LAST = (
    "Rossetti", "Barbieri", "Fontana", "Santoro", "Marini", "Rinaldini", "Caruso", "Ferrara", "Galli", "Martinelli", "Leone",
    "Longo", "Gentile", "Martini", "Vitale", "Lombardi", "Serra", "Coppola", "De Santis", "Marchetti", "Parisi", "Villa",
    "Conte", "Ferraro", "Ferri", "Fabbri", "Bianco", "Marchi", "Grassi", "Benedetti", "Monti", "Valentini", "Palumbo",
    "Sartori", "Messina", "Neri", "Basile", "Pellegrini", "Amato", "Rizzi",
)  # fmt: skip


def _street(start: int, end: int) -> tuple[Person, ...]:
    """People of the street, each with an address of their own."""
    people = zip(_FIRST[start:end], _LAST[start:end], strict=True)
    return tuple(
        Person(first, last, f"{first}.{last.replace(' ', '')}@driver.example".lower()) for first, last in people
    )


COMPANY_CARS = (
    ("Trasporti Emilia S.r.l.", "IT00000370379", "Via della Cooperazione 21", "40129", "Bologna", "BO"),
    ("Studio Sartori e Associati", "IT00000390377", "Viale della Vittoria 8", "60123", "Ancona", "AN"),
    ("Ceramiche Panaro S.p.A.", "IT00000360362", "Via Giardini 450", "41124", "Modena", "MO"),
)
"""Buyers with VAT data, who are invoiced once a month: name, VAT number, address."""

RETE = Company(
    slug="rete-adriatica",
    name="Rete Adriatica",
    party_id="ADR",
    legal_name="Rete Adriatica S.r.l.",
    vat_number="IT00000420372",
    address="Via Stalingrado 71",
    postal_code="40128",
    city="Bologna",
    province="BO",
    iban="IT60X0542811101000000123456",
    support_phone="+39 051 000 0042",
    support_email="aiuto@rete.example",
    members=(
        (OLGA, "owner"),
        (TOM, "support"),
        (ANNA, "accountant"),
        (LUCA, "technician"),
        (PAOLA, "host"),
    ),
    drivers=(DARIO, GIULIA, MARCO, *_street(0, 34)),
    places=places.RETE,
)
COSTA = Company(
    slug="costa-ovest",
    name="Costa Ovest",
    party_id="CST",
    legal_name="Costa Ovest S.r.l.",
    vat_number="IT00000570499",
    address="Scali Cialdini 3",
    postal_code="57126",
    city="Livorno",
    province="LI",
    iban="IT33X0542811101000000123457",
    support_phone="+39 0586 000 003",
    support_email="aiuto@costa.example",
    members=((CARLA, "owner"),),
    drivers=_street(34, 40),
    places=places.COSTA,
)
COMPANIES = (RETE, COSTA)

CHARGING_NOW = (
    ("CP-0042", 2, GIULIA, 65, (4, 0.64, 0.9)),
    ("CP-0062", 1, MARCO, 16, (4, 0.22, 0.8)),
    ("CP-0142", 1, RETE.drivers[9], 11, (5, 0.3, 0.85)),
    ("CP-0052", 2, RETE.drivers[14], 38, (2, 0.35, 1.0)),
    ("CP-0288", 1, RETE.drivers[19], 118, (0, 0.82, 0.9)),
    ("CP-0081", 1, RETE.drivers[24], 84, (8, 0.25, 1.0)),
    ("CP-0115", 2, RETE.drivers[29], 23, (11, 0.5, 1.0)),
    ("CO-0001", 1, COSTA.drivers[1], 47, (3, 0.4, 1.0)),
)
"""Station, connector, who, for how many minutes, and the car: number in the simulator's street, state of charge, target."""
