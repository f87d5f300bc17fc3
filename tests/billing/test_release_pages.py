"""A charge on hold is let go by somebody who may, and by nobody else."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Driver, User
from billing.models import CDR, TariffVersion
from billing.services.charges import rating
from cms.wiring import csms
from sessions_app.models import ChargingSession
from stations.models import ChargingStation
from tests.factories import TokenFactory
from tests.sessions_app.telling import Teller


@pytest.fixture
def held(price: Callable[..., TariffVersion], station: ChargingStation, dario: Driver) -> CDR:
    """The stop's register is far below the start's: a person is asked."""
    price()
    TokenFactory(operator=station.operator, driver=dario, uid="04A1B2C3")
    pole = Teller(station)
    number = csms.handle([pole.start(0, meter=1_000)])[0].transaction_id
    csms.handle([pole.update(30, number, 6_000), pole.stop(60, number, 0)])
    cdr = rating.rate(session_id=ChargingSession.objects.get().pk)
    assert cdr is not None
    assert cdr.held
    return cdr


def test_anna_releases_a_charge_from_the_list(held: CDR, anna: User, client: Client) -> None:
    client.force_login(anna)
    assert f"/ops/cdrs/{held.pk}/release/" in client.get("/ops/cdrs/").content.decode()
    answer = client.post(f"/ops/cdrs/{held.pk}/release/", follow=True)
    assert answer.status_code == 200
    assert list(CDR.objects.billable()) == [held]
    assert f"/ops/cdrs/{held.pk}/release/" not in answer.content.decode()


def test_tom_and_carla_cannot(held: CDR, tom: User, carla: User, client: Client) -> None:
    for person, status in ((tom, 403), (carla, 404)):
        client.force_login(person)
        assert client.post(f"/ops/cdrs/{held.pk}/release/").status_code == status
    assert not CDR.objects.billable().exists()


def test_a_link_alone_releases_nothing(held: CDR, anna: User, client: Client) -> None:
    client.force_login(anna)
    assert client.get(f"/ops/cdrs/{held.pk}/release/").status_code == 405
    assert not CDR.objects.billable().exists()
