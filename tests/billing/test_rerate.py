"""From messages to cents and back: what was billed can be derived again, letter by letter."""

import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Driver, Operator, User
from billing.models import CDR, TariffVersion
from billing.services.charges import rating, rerating
from billing.tariffs import trace
from sessions_app.handlers import HANDLERS
from sessions_app.models import ChargingSession, Evidence
from sessions_app.services import decisions
from stations.models import ChargingStation, Location
from stations.vocabulary.central_system import CentralSystem
from tests.factories import EvseFactory, TokenFactory
from tests.factories.billing import element
from tests.sessions_app.telling import Teller


@pytest.fixture
def charge(operator: Operator, station: ChargingStation, dario: Driver) -> Callable[[], ChargingSession]:
    """A charge as a 1.6 station tells it: 10.5 kWh in an hour, then half an hour of a full car."""
    TokenFactory(operator=operator, driver=dario, uid="04A1B2C3")
    EvseFactory(station=station)
    csms, pole = CentralSystem(HANDLERS), Teller(station)

    def tell() -> ChargingSession:
        csms.handle([pole.start(0, meter=1_000_000)])
        session = ChargingSession.objects.get()
        for minute, wh, power in (
            (20, 1_003_500, 10_500),
            (40, 1_007_000, 10_500),
            (60, 1_010_500, 0),
            (75, 1_010_500, 0),
        ):
            csms.handle([pole.update(minute, session.transaction_id, wh, power=power)])
        csms.handle([pole.stop(90, session.transaction_id, 1_010_500)])
        session.refresh_from_db()
        return session

    return tell


@pytest.fixture
def rated(price: Callable[..., TariffVersion], charge: Callable[[], ChargingSession]) -> CDR:
    price(elements=[element("ENERGY", "0.59"), element("PARKING_TIME", "6", step=60, min_parking_duration=900)])
    cdr = rating.rate(session_id=charge().pk)
    assert cdr is not None
    return cdr


def verify(**asked: Any) -> str:
    out = io.StringIO()
    call_command("rerate", verify=True, stdout=out, stderr=io.StringIO(), **asked)
    return out.getvalue()


def test_messages_become_kilowatt_hours_and_cents(rated: CDR, dario: Driver) -> None:
    assert (rated.energy, rated.driver, rated.held) == (10_500, dario, False)
    lines = [(line.dimension, str(line.amount)) for line in trace.loads(rated.trace).lines]
    assert lines == [("ENERGY", "6.20"), ("PARKING_TIME", "1.50")]  # 10.5 × 0.59 = 6.195; 15 of 30 min at 0.10
    assert (rated.charging_seconds, rated.parking_seconds) == (3600, 1800)
    assert rated.total_incl_vat == Decimal("7.70")


def test_a_price_by_current_holds_where_the_station_measured_it(
    price: Callable[..., TariffVersion], operator: Operator, station: ChargingStation
) -> None:
    """OCPI min_current: 10 kWh at 16 A, 10 at 32 A, 5 of which nobody knows."""
    price(
        elements=[
            element("ENERGY", "1", min_current=20),
            element("ENERGY", "0.5", max_current=20),
            element("ENERGY", "0.1"),
        ]
    )
    TokenFactory(operator=operator, uid="04A1B2C3")
    EvseFactory(station=station)
    csms, pole = CentralSystem(HANDLERS), Teller(station)
    csms.handle([pole.start(0, meter=0)])
    number = ChargingSession.objects.get().transaction_id
    csms.handle([pole.update(30, number, 10_000, current=16), pole.update(60, number, 20_000, current=32)])
    csms.handle([pole.stop(75, number, 25_000)])
    cdr = rating.rate(session_id=ChargingSession.objects.get().pk)
    assert cdr is not None
    assert cdr.total_incl_vat == Decimal("15.50")
    assert list(rerating.verify(CDR.objects.all())) == []


def test_every_charge_comes_out_the_same(rated: CDR) -> None:
    assert list(rerating.verify(CDR.objects.all())) == []
    assert verify() == ""


def test_a_new_price_and_a_moved_site_change_nothing_of_the_past(rated: CDR) -> None:
    version = rated.tariff_version
    assert version is not None
    TariffVersion.objects.create(
        tariff=version.tariff,
        number=2,
        valid_from=version.valid_from,
        elements=version.elements.replace("0.59", "0.99"),
    )
    location = rated.session.location
    assert location is not None
    location.time_zone = "Pacific/Auckland"
    location.save()
    assert list(rerating.verify(CDR.objects.all())) == []


def test_evidence_that_was_touched_is_found(rated: CDR) -> None:
    Evidence.objects.filter(register=Decimal(1_003_500)).update(power_w=0)
    ChargingSession.objects.update(energy=Decimal(9_000))
    with pytest.raises(CommandError, match="1 of 1 charge records differ"):
        verify()


def test_a_correction_and_its_credit_are_proved_too(rated: CDR) -> None:
    rating.credit(cdr=rated, by=None)
    assert list(rerating.verify(CDR.objects.all())) == []


def test_a_time_without_charges_has_nothing_to_prove(rated: CDR) -> None:
    ChargingSession.objects.update(energy=Decimal(9_000))
    assert verify(last=date(2026, 4, 30)) == ""
    with pytest.raises(CommandError):
        verify(first=date(2026, 5, 1), last=date(2026, 5, 1), operator=rated.operator.slug)


Forge = Callable[[CDR], Any]


def _cheaper(cdr: CDR) -> TariffVersion:
    old = cdr.tariff_version
    assert old is not None
    version: TariffVersion = TariffVersion.objects.create(
        tariff=old.tariff, number=2, valid_from=old.valid_from, elements=old.elements.replace("0.59", "0.09")
    )
    return version


def _set(**columns: Any) -> Forge:
    return lambda cdr: CDR.objects.filter(pk=cdr.pk).update(**columns)


def _replaced(column: str, old: str, new: str) -> Forge:
    return lambda cdr: CDR.objects.filter(pk=cdr.pk).update(**{column: getattr(cdr, column).replace(old, new)})


def _twice(cdr: CDR) -> None:
    columns = {f.attname: getattr(cdr, f.attname) for f in CDR._meta.concrete_fields if f.attname not in ("id", "uid")}
    CDR.objects.create(**columns | {"revision": 2})


def _evidence(column: str, old: str, new: str) -> Forge:
    def forge(cdr: CDR) -> None:
        for row in Evidence.objects.filter(**{f"{column}__contains": old}):
            Evidence.objects.filter(pk=row.pk).update(**{column: getattr(row, column).replace(old, new)})

    return forge


FREE = json.dumps([{"source": "redemption:1", "label": "X", "allowance_wh": "0", "allowance_s": 0, "discount_percent": "100",
    "discount_amount": "0", "used": {"wh": "0", "seconds": "0", "discount": "7.695"}}])  # fmt: skip

FORGERIES: dict[str, tuple[Forge, set[str]]] = {
    "a total": (_set(total_incl_vat=Decimal("7.69")), {"total_incl_vat"}),
    "an exact total": (_set(exact_incl_vat="7.6949"), {"exact_incl_vat"}),
    "a line": (_replaced("trace", '"6.20"', '"6.10"'), {"trace.lines.0.amount"}),
    "an exact amount of a line": (_replaced("trace", '"6.195"', '"6.1949"'), {"trace.lines.0.exact"}),
    "a stretch": (_replaced("periods", '"PARKING"', '"CHARGING"'), {"periods.1.state"}),
    "its times": (
        _set(stopped_at=datetime(2026, 6, 1, tzinfo=UTC), started_at=datetime(2026, 5, 30, tzinfo=UTC)),
        {"started_at", "stopped_at"},
    ),
    "the time parked": (_set(parking_seconds=1), {"parking_seconds"}),
    "its energy": (_set(energy=Decimal(1_000)), {"energy"}),
    "its currency": (_set(currency="JPY"), {"currency"}),
    "what prices mean": (_set(tax_included=False), {"tax_included"}),
    "waived for no reason": (_set(flags="waived"), {"flags", "total_incl_vat"}),
    "a grant that nobody gave": (_set(terms=FREE), {"promotion_use", "total_incl_vat"}),
    "no JSON": (_set(snapshot="{"), {"record"}),
    "a second record": (_twice, {"standing records"}),
    "another version": (lambda cdr: CDR.objects.update(tariff_version=_cheaper(cdr)), {"tariff_version", "total_incl_vat"}),
    "the version itself": (
        lambda cdr: QuerySet(TariffVersion).update(elements=cdr.tariff_version.elements.replace("0.59", "0.60")),
        {"total_incl_vat", "exact_incl_vat", "trace.lines.0.unit_price"},
    ),
    "a version that is none": (lambda cdr: QuerySet(TariffVersion).update(elements="[]"), {"record"}),
    "the session": (lambda cdr: ChargingSession.objects.update(energy=Decimal(9_000)), {"session.energy", "energy"}),
    "who was refused": (lambda cdr: ChargingSession.objects.update(authorization="Blocked"), {"session.authorization", "flags"}),
    "a register": (_evidence("readings", "1010500", "1010400"), {"periods.0.energy_wh", "charging_seconds"}),
    "the meter at the end": (_evidence("facts", "1010500", "1010400"), {"session.energy"}),
    "evidence that is gone": (lambda cdr: Evidence.objects.all().delete(), {"session.evidence"}),
    "evidence that is no JSON": (lambda cdr: Evidence.objects.update(readings="["), {"evidence"}),
}  # fmt: skip


@pytest.mark.parametrize("what", FORGERIES)
def test_whatever_was_changed_by_hand_is_named(rated: CDR, what: str) -> None:
    forge, named = FORGERIES[what]
    forge(rated)
    found = {one.what for one in rerating.verify(CDR.objects.all()) if one.matters}
    assert named <= found


def test_the_holidays_of_the_day_are_those_of_the_record(
    price: Callable[..., TariffVersion], charge: Callable[[], ChargingSession]
) -> None:
    """1 May: what the law says of it later changes nothing, what somebody writes into the record is found."""
    price(elements=[element("ENERGY", "0.30", holidays="only"), element("ENERGY", "0.60")])
    cdr = rating.rate(session_id=charge().pk)
    assert cdr is not None
    assert cdr.total_incl_vat == Decimal("3.15")
    Location.objects.update(country_code="JP")
    assert list(rerating.verify(CDR.objects.all())) == []
    _replaced("snapshot", "2026-05-01", "2026-05-02")(cdr)
    assert "total_incl_vat" in {one.what for one in rerating.verify(CDR.objects.all())}


def test_a_credit_that_does_not_cancel_is_named(rated: CDR) -> None:
    back = rating.credit(cdr=rated, by=None)
    CDR.objects.filter(pk=back.pk).update(total_incl_vat=Decimal(-1), driver=None, exact_incl_vat="-1")
    assert {one.what for one in rerating.verify(CDR.objects.all())} == {"total_incl_vat", "driver_id", "exact_incl_vat"}


def test_a_record_that_was_taken_away_is_missed(rated: CDR) -> None:
    CDR.objects.all().delete()
    assert verify() == ""  # it may be on its way
    ChargingSession.objects.update(updated_at=timezone.now() - timedelta(hours=2))
    with pytest.raises(CommandError, match="0 of 0 charge records differ, 1 charges have no record"):
        verify()


def test_other_words_for_the_same_figures_are_no_difference(rated: CDR) -> None:
    CDR.objects.update(trace=rated.trace.replace("is the first that prices", "prices"))
    assert [one.what for one in rerating.verify(CDR.objects.all())] == ["wording"]
    told = io.StringIO()
    call_command("rerate", verify=True, stdout=io.StringIO(), stderr=told)
    assert told.getvalue().startswith("1 charge records explain the same figures in other words")


def test_the_report_counts_and_refuses_nonsense(rated: CDR) -> None:
    rating.credit(cdr=rated, by=None)
    told = io.StringIO()
    call_command("rerate", verify=True, stdout=io.StringIO(), stderr=told)
    assert told.getvalue().startswith("2 charge records, 1 of them credits, in ")
    with pytest.raises(CommandError, match="there is no operator nobody"):
        verify(operator="nobody")
    with pytest.raises(CommandError, match="--to lies before --from") as refused:
        verify(first=date(2026, 5, 2), last=date(2026, 5, 1))
    assert refused.value.returncode == 2


@pytest.mark.parametrize("day", ["2026-02-30", "soon", "9999-12-31", "0001-01-01"])
def test_a_day_that_is_none_is_refused(db: None, day: str) -> None:
    with pytest.raises(CommandError, match=day):
        call_command("rerate", "--verify", "--to", day)


def test_without_verify_what_changed_is_rated_anew(rated: CDR, anna: User) -> None:
    decisions.discard(session=rated.session, reason="a test", by=anna)
    call_command("rerate", stderr=io.StringIO())
    standing = CDR.objects.standing().get()
    assert (standing.revision, standing.total_incl_vat) == (3, 0)
    assert list(rerating.verify(CDR.objects.all())) == []
