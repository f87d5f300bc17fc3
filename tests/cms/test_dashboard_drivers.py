"""/ops/drivers/: who charges here, for people who may know."""

import pytest
from django.test import Client

from accounts.models import Driver, Membership, Operator, Role, User


@pytest.fixture
def desk(client: Client, tom: User) -> Client:
    client.force_login(tom)
    return client


def test_a_driver_is_found_by_mail_or_company(desk: Client, dario: Driver) -> None:
    dario.billing_name = "Trasporti Dario"
    dario.save()
    assert "Trasporti Dario" in desk.get("/ops/drivers/?search=trasporti").content.decode()
    assert "Trasporti Dario" in desk.get("/ops/drivers/?search=dario@driver").content.decode()
    assert "Trasporti Dario" not in desk.get("/ops/drivers/?search=nobody").content.decode()


def test_the_person_page_blocks_and_unblocks(desk: Client, dario: Driver) -> None:
    assert desk.get(f"/ops/drivers/{dario.pk}/").status_code == 200
    desk.post(f"/ops/drivers/{dario.pk}/blocked/", {"blocked": "1"})
    dario.refresh_from_db()
    assert dario.blocked is True
    desk.post(f"/ops/drivers/{dario.pk}/blocked/", {"blocked": "0"})
    dario.refresh_from_db()
    assert dario.blocked is False


def test_carla_does_not_see_dario(client: Client, carla: User, dario: Driver) -> None:
    client.force_login(carla)
    assert "dario@driver.example" not in client.get("/ops/drivers/").content.decode()
    assert client.get(f"/ops/drivers/{dario.pk}/").status_code == 404
    assert client.post(f"/ops/drivers/{dario.pk}/blocked/", {"blocked": "1"}).status_code == 404
    dario.refresh_from_db()
    assert dario.blocked is False


def test_a_technician_does_not_read_drivers(client: Client, operator: Operator, dario: Driver) -> None:
    user = User.objects.create_user("t@x.example")
    Membership.objects.create(user=user, operator=operator, role=Role.TECHNICIAN)
    client.force_login(user)
    assert client.get("/ops/drivers/").status_code == 403
