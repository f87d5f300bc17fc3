"""For which operator a member acts, and how to change it."""

from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory

from accounts import access
from accounts.middleware import OperatorMiddleware
from accounts.models import Driver, Membership, Operator, Role, User
from accounts.selectors import members


def seen(user: User | AnonymousUser, session: dict | None = None):
    request = RequestFactory().get("/ops/")
    request.user = user
    request.session = session or {}
    OperatorMiddleware(lambda request: request)(request)
    return request


def test_a_member_acts_for_the_first_operator(olga: User, operator: Operator, other_operator: Operator) -> None:
    Membership.objects.create(user=olga, operator=other_operator, role=Role.SUPPORT)
    request = seen(olga)
    assert (request.operator, request.membership.role) == (operator, "owner")


def test_a_choice_is_kept_in_the_session(olga: User, other_operator: Operator) -> None:
    Membership.objects.create(user=olga, operator=other_operator, role=Role.SUPPORT)
    request = seen(olga, {members.SESSION_KEY: other_operator.pk})
    assert (request.operator, request.membership.role) == (other_operator, "support")


def test_a_choice_without_membership_counts_for_nothing(
    olga: User, operator: Operator, other_operator: Operator
) -> None:
    assert seen(olga, {members.SESSION_KEY: other_operator.pk}).operator == operator


def test_drivers_and_strangers_act_for_nobody(dario: Driver) -> None:
    for user in (dario.user, AnonymousUser()):
        request = seen(user)
        assert (request.operator, request.membership) == (None, None)


def test_it_is_one_query_and_rights_need_no_more(olga: User, operator: Operator, django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        request = seen(User(pk=olga.pk, email=olga.email))
        assert access.can(request.user, "member.edit", operator)
        assert request.user.operator_ids() == {operator.pk}


def test_a_member_switches_to_another_operator_of_theirs(client: Client, olga: User, other_operator: Operator) -> None:
    Membership.objects.create(user=olga, operator=other_operator, role=Role.SUPPORT)
    client.force_login(olga)
    answer = client.post("/ops/switch/", {"operator": other_operator.slug})
    assert (answer.status_code, answer["Location"]) == (302, "/ops/")
    assert client.session[members.SESSION_KEY] == other_operator.pk


def test_nobody_switches_to_an_operator_of_others(client: Client, olga: User, other_operator: Operator) -> None:
    client.force_login(olga)
    assert client.post("/ops/switch/", {"operator": other_operator.slug}).status_code == 404
    assert members.SESSION_KEY not in client.session
