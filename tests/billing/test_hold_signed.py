"""What the meter signed against what is billed: a difference is nobody's debt until a person has looked at it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Driver, User
from billing.models import CDR, TariffVersion
from billing.services.charges import rating
from billing.services.invoicing import invoices
from cms.core.errors import Conflict
from sessions_app.handlers import HANDLERS
from sessions_app.models import ChargingSession
from sessions_app.services import checks, decisions, meter_keys
from stations.models import EVSE, ChargingStation
from stations.vocabulary.central_system import CentralSystem
from stations.vocabulary.values import Reading, Sample
from tests.factories import EvseFactory, TokenFactory
from tests.sessions_app.telling import MORNING, Teller
from tests.sessions_app.test_signed import PUBLIC, ocmf

SINCE = MORNING - timedelta(days=30)


@pytest.fixture
def evse(station: ChargingStation) -> EVSE:
    return EvseFactory(station=station, evse_id=1)


@pytest.fixture
def charge(station: ChargingStation, dario: Any, price: Callable[..., TariffVersion]) -> Callable[..., ChargingSession]:
    """`charge(record)`: an hour of Dario's, 7.5 kWh by the station's own word, with what the meter signed."""
    price()
    TokenFactory(operator=station.operator, uid="04A1B2C3", driver=dario)
    home = {"address": "Via Roma 1", "postal_code": "40121", "city": "Bologna", "province": "BO"}
    Driver.objects.update(billing_name="Dario Neri", vat_number="IT00000370379", sdi_code="0000000", **home)

    def make(record: str) -> ChargingSession:
        csms, pole = CentralSystem(HANDLERS), Teller(station)
        (started,) = csms.handle([pole.start(0, meter=1_000)])
        sample = Sample("Energy.Active.Import.Register", None, "Wh", context="Transaction.End", signed=record)
        stop = pole.stop(60, started.transaction_id, 8_500)  # type: ignore[union-attr]
        csms.handle([replace(stop, readings=(Reading(MORNING + timedelta(hours=1), (sample,)),))])
        return ChargingSession.objects.get()

    return make


def billable(cdr: CDR | None) -> bool:
    assert cdr is not None
    return CDR.objects.billable().filter(pk=cdr.pk).exists()


def test_a_difference_is_held_until_somebody_accepts_it(
    charge: Callable[..., ChargingSession], evse: EVSE, olga: User, anna: User
) -> None:
    meter_keys.add(evse=evse, public_key=PUBLIC, valid_from=SINCE, by=olga)
    session = charge(ocmf(("B", "10.000"), ("E", "17.000")))
    cdr = rating.rate(session_id=session.pk)

    assert cdr is not None
    assert (cdr.held, cdr.total_incl_vat, billable(cdr)) == (True, Decimal("4.13"), False)
    with pytest.raises(Conflict) as refused:
        invoices.issue(cdrs=[cdr], by=anna)
    assert refused.value.code == "cdr_held"

    decisions.accept(session=ChargingSession.objects.get(), reason="The signing meter sits behind the cable", by=anna)
    again = rating.rate(session_id=session.pk)
    assert (again, billable(again)) == (cdr, True)


def test_what_agrees_is_billed_at_once(charge: Callable[..., ChargingSession], evse: EVSE, olga: User) -> None:
    meter_keys.add(evse=evse, public_key=PUBLIC, valid_from=SINCE, by=olga)
    assert billable(rating.rate(session_id=charge(ocmf(("B", "10.000"), ("E", "17.500"))).pk))


def test_a_key_that_is_registered_later_holds_what_was_billable(
    charge: Callable[..., ChargingSession], evse: EVSE, olga: User, anna: User
) -> None:
    session = charge(ocmf(("B", "10.000"), ("E", "17.000")))
    cdr = rating.rate(session_id=session.pk)
    assert billable(cdr)

    key = meter_keys.add(evse=evse, public_key=PUBLIC, valid_from=SINCE, by=olga)
    checks.again(key.pk)
    assert not billable(cdr)

    decisions.accept(session=ChargingSession.objects.get(), reason="Compared with the meter", by=anna)
    assert billable(cdr)
