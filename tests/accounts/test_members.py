"""People come, change their role, and go; somebody always holds the keys."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from accounts import tasks
from accounts.models import Membership, Operator, Role, User
from accounts.services import members
from cms.core.errors import Conflict, Forbidden, Invalid, Unavailable
from tests.conftest import member

NOW = datetime(2026, 5, 1, 8, 30, tzinfo=UTC)


@pytest.fixture
def invite(operator: Operator, olga: User, django_capture_on_commit_callbacks):
    def invite(email: str = "Nina@Rete.example", role: str = Role.SUPPORT) -> Membership:
        with django_capture_on_commit_callbacks(execute=True):
            return members.invite(operator=operator, email=email, role=role, by=olga)

    return invite


def link_in_last_mail() -> str:
    return "/" + next(word for word in mail.outbox[-1].body.split() if "/invitation/" in word).split("/", 3)[3]


def test_an_invitation_makes_a_person_and_mails_the_way_in(invite, operator: Operator) -> None:
    membership = invite()
    assert (membership.user.email, membership.role, membership.pending) == ("nina@rete.example", "support", True)
    assert not membership.user.has_usable_password()
    assert [message.to for message in mail.outbox] == [["nina@rete.example"]]
    assert "Rete Adriatica" in mail.outbox[0].subject


def test_the_link_signs_in_a_new_person_once(invite, client: Client) -> None:
    membership = invite()
    link = link_in_last_mail()
    assert b"Rete Adriatica" in client.get(link).content
    assert "_auth_user_id" not in client.session  # a mail scanner that opens the link changes nothing
    assert client.post(link)["Location"] == "/ops/"
    assert client.session["_auth_user_id"] == str(membership.user_id)
    assert EmailAddress.objects.get(user=membership.user).verified
    membership.refresh_from_db()
    assert not membership.pending
    again = Client().post(link)
    assert again["Location"] == "/accounts/login/?next=/ops/"


def test_a_person_with_an_account_signs_in_as_always(invite, client: Client, carla: User) -> None:
    membership = invite(carla.email)
    assert membership.user == carla
    assert client.post(link_in_last_mail())["Location"] == "/accounts/login/?next=/ops/"
    assert "_auth_user_id" not in client.session


def test_whoever_is_signed_in_goes_straight_to_work(invite, client: Client, carla: User, operator: Operator) -> None:
    invite(carla.email)
    client.force_login(carla)
    assert client.post(link_in_last_mail())["Location"] == "/ops/"
    assert client.session["operator"] == operator.pk


def test_somebody_elses_session_does_not_carry_over(invite, client: Client, olga: User) -> None:
    membership = invite()
    client.force_login(olga)
    client.post(link_in_last_mail())
    assert client.session["_auth_user_id"] == str(membership.user_id)


@pytest.mark.parametrize("token", ["nonsense", "a:b:c", "x" * 500])
def test_a_wrong_link_is_404_with_a_way_on(client: Client, db: None, token: str) -> None:
    answer = client.get(f"/accounts/invitation/{token}/")
    assert answer.status_code == 404
    assert b"/accounts/login/" in answer.content


def test_a_link_ends_after_a_week_and_when_withdrawn(invite, olga: User) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        membership = invite()
        token = members.token_of(membership)
        assert members.invitation(token) == membership
        clock.shift(timedelta(days=7, seconds=1))
        assert members.invitation(token) is None
    fresh = members.token_of(membership)
    members.remove(membership=membership, by=olga)
    assert members.invitation(fresh) is None


def test_inviting_again_mails_again_with_the_new_role(invite) -> None:
    invite()
    assert invite(role=Role.TECHNICIAN).role == "technician"
    assert len(mail.outbox) == 2
    assert Membership.objects.filter(user__email="nina@rete.example").count() == 1


def test_somebody_at_work_is_not_invited(invite, tom: User) -> None:
    with pytest.raises(Conflict) as refused:
        invite(tom.email, Role.OWNER)
    assert refused.value.code == "already_member"
    assert Membership.objects.get(user=tom).role == "support"
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("email", "role", "fields"),
    [("nina", "support", ["email"]), ("", "king", ["email", "role"]), ("a" * 250 + "@x.example", "support", ["email"])],
)
def test_an_invitation_without_sense_is_refused(invite, email: str, role: str, fields: list[str]) -> None:
    before = User.objects.count()
    with pytest.raises(Invalid) as refused:
        invite(email, role)
    assert list(refused.value.fields) == fields
    assert User.objects.count() == before


def test_the_sweep_mails_what_an_announcement_missed_and_only_that(operator: Operator, olga: User) -> None:
    members.invite(
        operator=operator, email="nina@rete.example", role=Role.SUPPORT, by=olga
    )  # nobody listens: no commit
    assert mail.outbox == []
    tasks.mail_missing_invitations()
    tasks.mail_missing_invitations()
    assert len(mail.outbox) == 1


def test_a_mail_server_that_is_away_is_tried_again(operator: Operator, olga: User, settings) -> None:
    membership = members.invite(operator=operator, email="nina@rete.example", role=Role.SUPPORT, by=olga)
    away = {"EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend", "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": 1}
    for name, value in away.items():
        setattr(settings, name, value)
    with pytest.raises(Unavailable):
        tasks.invitations.mail(membership_id=membership.pk)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    tasks.mail_missing_invitations()
    assert len(mail.outbox) == 1


def test_a_role_changes(olga: User, tom: User) -> None:
    members.change_role(membership=tom.memberships.get(), role=Role.TECHNICIAN, by=olga)
    assert tom.memberships.get().role == "technician"


def test_the_last_owner_stays_owner_and_stays(olga: User) -> None:
    membership = olga.memberships.get()
    for act in (
        lambda: members.change_role(membership=membership, role=Role.HOST, by=olga),
        lambda: members.remove(membership=membership, by=olga),
    ):
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == "last_owner"
        assert "olga@rete.example" in refused.value.text
    assert olga.memberships.get().role == "owner"


def test_with_a_second_owner_the_first_may_go(olga: User, operator: Operator) -> None:
    member(operator, "otto@rete.example", Role.OWNER)
    members.remove(membership=olga.memberships.get(), by=olga)
    assert not olga.memberships.exists()
    assert User.objects.filter(pk=olga.pk).exists()


def test_only_owners_touch_memberships(operator: Operator, olga: User, carla: User) -> None:
    manager = member(operator, "mara@rete.example", Role.MANAGER)
    for person in (manager, carla):
        with pytest.raises(Forbidden):
            members.invite(operator=operator, email="nina@rete.example", role=Role.SUPPORT, by=person)
        with pytest.raises(Forbidden):
            members.change_role(membership=manager.memberships.get(), role=Role.OWNER, by=person)
        with pytest.raises(Forbidden):
            members.remove(membership=olga.memberships.get(), by=person)
    assert operator.memberships.count() == 2
