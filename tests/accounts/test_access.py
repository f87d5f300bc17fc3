"""The role table, written out a second time: whoever changes a right changes it here too."""

import pytest

from accounts import access
from accounts.models import Driver, Membership, Operator, Role, User
from accounts.services import api_keys
from cms.core.errors import Forbidden
from tests.conftest import member
from tests.factories import StationFactory

# o owner, m manager, s support, a accountant, t technician, h host
TABLE = {
    "station.view": "omsat.",
    "station.command": "oms.t.",
    "station.raw_command": "om..t.",
    "station.edit": "om..t.",
    "location.edit": "om....",
    "messages.view": "oms.t.",
    "session.view": "omsat.",
    "session.stop": "oms.t.",
    "session.close": "omsa..",
    "session.correct": "om.a..",
    "driver.view": "omsa..",
    "driver.edit": "oms...",
    "token.view": "oms.t.",
    "token.edit": "oms...",
    "tariff.view": "omsat.",
    "tariff.edit": "om.a..",
    "invoice.view": "omsa..",
    "invoice.issue": "om.a..",
    "company.view": "omsa..",
    "company.edit": "om.a..",
    "promotion.view": "omsa..",
    "promotion.edit": "om....",
    "wallet.correct": "omsa..",
    "wallet.correct_any": "om.a..",
    "payment.view": "omsa..",
    "payment.collect": "om.a..",
    "payment.refund": "omsa..",
    "payment.refund_any": "om.a..",
    "subscription.view": "omsa..",
    "subscription.edit": "omsa..",
    "dunning.edit": "om.a..",
    "month.close": "om.a..",
    "statement.view": "omsa..",
    "report.view": "omsat.",
    "file.take": "omsath",
    "host.view": "omsath",
    "operator.edit": "om.a..",
    "member.edit": "o.....",
    "api_key.edit": "om....",
}
ROLES = dict(
    zip("omsath", [Role.OWNER, Role.MANAGER, Role.SUPPORT, Role.ACCOUNTANT, Role.TECHNICIAN, Role.HOST], strict=True)
)


def test_the_table_names_every_action() -> None:
    assert set(access.ALLOWED) == set(TABLE)


@pytest.mark.parametrize("letter", "omsath")
def test_a_member_may_what_the_table_says(operator: Operator, letter: str) -> None:
    person = member(operator, f"{letter}@rete.example", ROLES[letter])
    allowed = {action for action in TABLE if access.can(person, action, operator)}
    assert allowed == {action for action, letters in TABLE.items() if letter in letters}


@pytest.mark.parametrize("letter", "omsath")
def test_a_key_may_what_its_role_may(operator: Operator, letter: str) -> None:
    key, _secret = api_keys.create(operator=operator, name="k", role=ROLES[letter])
    allowed = {action for action in TABLE if access.can(key, action, operator)}
    assert allowed == {action for action, letters in TABLE.items() if letter in letters}


def test_carla_may_nothing_at_olgas_operator(operator: Operator, carla: User) -> None:
    assert not any(access.can(carla, action, operator) for action in TABLE)
    assert list(Operator.objects.visible_to(carla).values_list("slug", flat=True)) == ["costa-ovest"]


def test_carlas_key_may_nothing_at_olgas_station(operator: Operator, other_operator: Operator) -> None:
    key, _secret = api_keys.create(operator=other_operator, name="k", role=Role.OWNER)
    assert not any(access.can(key, action, StationFactory(operator=operator)) for action in TABLE)


def test_a_driver_may_nothing(operator: Operator, dario: Driver) -> None:
    assert not any(access.can(dario.user, action, operator) for action in TABLE)


def test_two_operators_two_roles(olga: User, operator: Operator, other_operator: Operator) -> None:
    Membership.objects.create(user=olga, operator=other_operator, role=Role.HOST)
    assert access.role_at(olga, operator.pk) == "owner"
    assert access.role_at(olga, other_operator.pk) == "host"
    assert not access.can(olga, "member.edit", other_operator)


def test_a_demand_that_is_not_met_is_forbidden(tom: User, operator: Operator) -> None:
    access.demand(tom, "token.edit", operator)
    with pytest.raises(Forbidden) as refused:
        access.demand(tom, "member.edit", operator)
    assert refused.value.facts == {"action": "member.edit"}


def test_an_unknown_action_is_our_bug(olga: User, operator: Operator) -> None:
    with pytest.raises(KeyError):
        access.can(olga, "station.dance", operator)


@pytest.mark.parametrize(
    ("role", "other", "more"),
    [
        (Role.OWNER, Role.MANAGER, True),
        (Role.MANAGER, Role.OWNER, False),
        (Role.MANAGER, Role.MANAGER, False),
        (Role.ACCOUNTANT, Role.MANAGER, False),
        (Role.HOST, Role.SUPPORT, False),
        (Role.HOST, None, True),
    ],
)
def test_which_role_exceeds_which(role: str, other: str | None, more: bool) -> None:
    assert access.exceeds(role, other) is more
