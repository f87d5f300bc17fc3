"""Hands the demo world's stations to the simulator, as plain values: the simulator never sees a row of ours."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal

from django.db.models import Max

from accounts.models import Token
from sessions_app.models import ChargingSession
from stations.models import ChargingStation
from stations.simulator.hardware import Resumed, Spec

from . import cast, passwords
from .places import Station

LIVELIER = 2.5
"""A demonstration lasts minutes: more cars come than in the made-up past."""


def specs(url: str) -> list[Spec]:
    """One per demo station that can be reached, as it stood when the past ended or when the last fleet was stopped."""
    stations = {
        station.identity: station
        for company in cast.COMPANIES
        for place in company.places
        for station in place.stations
    }
    ids = dict(ChargingStation.objects.filter(identity__in=stations, archived_at=None).values_list("identity", "pk"))
    registers = _registers(ids.values())
    running = _running(ids.values())
    return [
        _spec(station, url, registers[ids[identity]], running[ids[identity]])
        for identity, station in stations.items()
        if identity in ids and station.unreachable_for is None
    ]


def tokens() -> list[str]:
    """The cards of the people of the street; those who can sign in keep theirs for whoever plays them."""
    players = {person.email for person in (cast.DARIO, cast.GIULIA)}
    people = [driver.email for company in cast.COMPANIES for driver in company.drivers if driver.email not in players]
    cards = Token.objects.filter(driver__user__email__in=people, app=False, status=Token.Status.ACCEPTED)
    return list(cards.order_by("pk").values_list("uid", flat=True))


def _spec(station: Station, url: str, registers: Mapping[int, Decimal], running: tuple[Resumed, ...]) -> Spec:
    model = station.hardware
    return Spec(
        identity=station.identity,
        url=url,
        version=model.version,
        password=passwords.of(station.identity),
        vendor=model.vendor,
        model=model.model,
        serial=station.serial,
        firmware=model.firmware,
        connectors=model.connectors,
        dc=model.dc,
        max_w=model.max_w,
        registers=registers,
        broken={number: (code, vendor) for number, (code, vendor, _since) in station.broken.items()},
        out_of_service=station.out_of_service,
        resumed=tuple(one for one in running if one.connector <= model.connectors),
        visits_per_day=station.visits * LIVELIER,
        flaky=station.flaky,
        signs=station.signs,
    )


def _registers(ids: Collection[int]) -> defaultdict[int, dict[int, Decimal]]:
    """The highest register of each EVSE, in Wh."""
    found: defaultdict[int, dict[int, Decimal]] = defaultdict(dict)
    sessions = ChargingSession.objects.filter(station__in=ids, evse_id__isnull=False)
    for station, evse, start, stop in sessions.values_list("station_id", "evse_id").annotate(
        Max("meter_start"), Max("meter_stop")
    ):
        found[station][evse] = max(Decimal(start or 0), Decimal(stop or 0))
    for session in sessions.filter(status=ChargingSession.Status.ACTIVE):
        reached = (session.meter_start or Decimal(0)) + session.energy
        assert session.evse_id is not None
        found[session.station_id][session.evse_id] = max(
            reached, found[session.station_id].get(session.evse_id, Decimal(0))
        )
    return found


def _running(ids: Collection[int]) -> defaultdict[int, tuple[Resumed, ...]]:
    """Transactions that no stop was heard of: the newest of each EVSE."""
    newest: dict[tuple[int, int | None], ChargingSession] = {}
    active = ChargingSession.objects.filter(station__in=ids, status=ChargingSession.Status.ACTIVE)
    for session in active.order_by("pk"):
        newest[session.station_id, session.evse_id] = session
    found: defaultdict[int, tuple[Resumed, ...]] = defaultdict(tuple)
    for (station, _evse), session in newest.items():
        found[station] += tuple(_resumed(session))
    return found


def _resumed(session: ChargingSession) -> Iterator[Resumed]:
    if session.evse_id is None:
        return
    yield Resumed(
        connector=session.evse_id,
        transaction_id=session.transaction_id,
        token=session.id_tag,
        started_at=session.started_at,
        last_at=session.last_reading_at or session.started_at,
        meter_start=session.meter_start or Decimal(0),
        seq_no=session.last_seq_no or 0,
        soc=(session.soc or 50) / 100,
        power_w=session.power_w,
    )
