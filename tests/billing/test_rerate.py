"""From messages to cents and back: what was billed can be derived again, letter by letter."""

import io
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Driver, Operator
from billing.models import CDR, TariffVersion
from billing.services.charges import rating, rerating
from billing.tariffs import trace
from sessions_app.handlers import HANDLERS
from sessions_app.models import ChargingSession, Evidence
from stations.models import ChargingStation
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


def test_a_version_that_was_swapped_is_found(rated: CDR) -> None:
    old = rated.tariff_version
    assert old is not None
    cheaper = TariffVersion.objects.create(
        tariff=old.tariff, number=2, valid_from=old.valid_from, elements=old.elements.replace("0.59", "0.09")
    )
    CDR.objects.filter(pk=rated.pk).update(tariff_version=cheaper)
    found = {one.what for one in rerating.verify(CDR.objects.all())}
    assert {"tariff_version", "total_incl_vat", "trace"} <= found


def test_the_report_counts_and_refuses_nonsense(rated: CDR) -> None:
    rating.credit(cdr=rated, by=None)
    told = io.StringIO()
    call_command("rerate", verify=True, stdout=io.StringIO(), stderr=told)
    assert told.getvalue().startswith("2 charge records, 1 of them credits, in ")
    with pytest.raises(CommandError, match="there is no operator nobody"):
        verify(operator="nobody")
    with pytest.raises(CommandError, match="--to lies before --from"):
        verify(first=date(2026, 5, 2), last=date(2026, 5, 1))


def test_without_verify_what_changed_is_rated_anew(rated: CDR) -> None:
    ChargingSession.objects.update(energy=Decimal(10_000))
    call_command("rerate", stderr=io.StringIO())
    standing = CDR.objects.standing().get()
    assert (standing.revision, standing.energy) == (3, 10_000)
    assert list(rerating.verify(CDR.objects.all())) == []
