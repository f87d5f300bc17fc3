"""Keys for machines: shown once, stored hashed."""

import io

import pytest
from django.core.management import CommandError, call_command

from accounts.models import ApiKey, Operator, Role, User
from accounts.services import api_keys
from cms.core.errors import Forbidden, Invalid
from tests.conftest import member


def test_a_key_opens_and_is_stored_nowhere(operator: Operator, olga: User) -> None:
    row, key = api_keys.create(operator=operator, name=" Back office ", by=olga)
    assert api_keys.find(key) == row
    assert (row.name, row.role, row.prefix) == ("Back office", Role.MANAGER, key[:8])
    assert key not in str(ApiKey.objects.values().get())


def test_a_revoked_key_opens_nothing_and_stays_listed(operator: Operator, olga: User) -> None:
    row, key = api_keys.create(operator=operator, name="k", by=olga)
    api_keys.revoke(key=row, by=olga)
    first = row.revoked_at
    api_keys.revoke(key=row, by=olga)
    assert api_keys.find(key) is None
    assert ApiKey.objects.get().revoked_at == first


@pytest.mark.parametrize("wrong", [{"name": " "}, {"name": "x" * 101}, {"role": "king"}])
def test_a_key_without_sense_is_refused(operator: Operator, wrong: dict) -> None:
    with pytest.raises(Invalid) as refused:
        api_keys.create(**{"operator": operator, "name": "k"} | wrong)
    assert list(refused.value.fields) == list(wrong)
    assert not ApiKey.objects.exists()


def test_nobody_makes_a_key_that_can_more_than_they(operator: Operator) -> None:
    manager = member(operator, "mara@rete.example", Role.MANAGER)
    with pytest.raises(Invalid):
        api_keys.create(operator=operator, name="k", role=Role.OWNER, by=manager)
    assert not ApiKey.objects.exists()


def test_support_and_strangers_make_and_revoke_no_keys(operator: Operator, tom: User, carla: User) -> None:
    row, key = api_keys.create(operator=operator, name="k")
    for person in (tom, carla):
        with pytest.raises(Forbidden):
            api_keys.create(operator=operator, name="k", by=person)
        with pytest.raises(Forbidden):
            api_keys.revoke(key=row, by=person)
    assert api_keys.find(key)


def test_the_command_prints_the_key_alone(operator: Operator) -> None:
    out = io.StringIO()
    call_command("create_api_key", "--operator", operator.slug, "--name", "monitor", "--role", "host", stdout=out)
    row = api_keys.find(out.getvalue().removesuffix("\n"))
    assert row is not None
    assert (row.name, row.role) == ("monitor", "host")


def test_the_command_names_an_unknown_operator(db: None) -> None:
    with pytest.raises(CommandError, match="create_operator"):
        call_command("create_api_key", "--operator", "nobody", "--name", "k")
