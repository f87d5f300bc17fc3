"""A charge on hold is let go by somebody who may, and by nobody else."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from billing.models import CDR, TariffVersion
from billing.services import rating
from sessions_app.models import ChargingSession


@pytest.fixture
def held(price: Callable[..., TariffVersion], ended: Callable[..., ChargingSession]) -> CDR:
    price()
    cdr = rating.rate(session_id=ended(review="register_mismatch").pk)
    assert cdr is not None
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
