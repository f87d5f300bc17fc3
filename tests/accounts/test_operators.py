"""Making operators, and saying who they are."""

from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Membership, Operator, Role, User
from accounts.services import operators
from cms.core.errors import Forbidden, Invalid


def test_a_party_id_comes_from_the_name(db: None) -> None:
    assert operators.create(slug="rete-adriatica", name="Rete Adriatica").party_id == "RTD"


def test_a_taken_party_id_is_not_given_twice(db: None) -> None:
    ids = [operators.create(slug=f"ecar-{number}", name="Ecar").party_id for number in range(40)]
    assert ids[:4] == ["ECA", "ECB", "ECC", "ECD"]
    assert len(set(ids)) == 40
    assert all(len(party_id) == 3 and party_id.isascii() for party_id in ids)


@pytest.mark.parametrize("name", ["充電", "A", "Ö", "---"])
def test_any_name_gets_a_party_id(db: None, name: str) -> None:
    assert len(operators.create(slug="x1", name=name).party_id) == 3


@pytest.mark.parametrize("slug", ["", "Rete", "a b", "-a", "a--b", "x" * 51, "città"])
def test_a_short_name_that_makes_no_address_is_refused(db: None, slug: str) -> None:
    with pytest.raises(Invalid) as refused:
        operators.create(slug=slug, name="Rete")
    assert list(refused.value.fields) == ["slug"]
    assert not Operator.objects.exists()


def test_the_command_is_idempotent(db: None, capsys) -> None:
    for _time in range(2):
        call_command("create_operator", "rete", "--name", "Rete Adriatica")
    assert Operator.objects.get().name == "Rete Adriatica"
    with pytest.raises(CommandError):
        call_command("create_operator", "Rete!", "--name", "Rete")


def test_the_first_owner_of_an_empty_system_comes_in_by_the_printed_link(db: None, client: Client, capsys) -> None:
    call_command("create_operator", "rete", "--name", "Rete Adriatica", "--owner", "ada@rete.example")
    link = capsys.readouterr().out.split()[-1]
    answer = client.post(urlsplit(link).path, follow=True)
    assert answer.redirect_chain[-1][0] == "/ops/"
    assert Membership.objects.get(user__email="ada@rete.example").role == Role.OWNER
    call_command("create_operator", "rete", "--name", "Rete Adriatica", "--owner", "ada@rete.example")
    assert "/invitation/" not in capsys.readouterr().out
    assert Membership.objects.count() == 1


def test_an_owner_without_an_address_is_refused(db: None) -> None:
    with pytest.raises(CommandError, match="An e-mail address"):
        call_command("create_operator", "rete", "--name", "Rete", "--owner", "ada")
    assert not Operator.objects.exists()


def test_company_data_are_cleaned_and_kept(olga: User, operator: Operator) -> None:
    operators.update(
        operator=operator, by=olga, values={"vat_number": "00743 110157", "iban": "it60 x054 2811 1010 0000 0123 456"}
    )
    kept = Operator.objects.get(pk=operator.pk)
    assert (kept.vat_number, kept.iban) == ("IT00743110157", "IT60X0542811101000000123456")
    assert kept.has_legal_entity


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 101),
        ("vat_number", "00743110158"),
        ("iban", "IT00"),
        ("support_email", "nobody"),
        ("support_phone", "<script>"),
        ("language", "xx"),
        ("time_zone", "Europe/Atlantis"),
        ("currency", "EURO"),
        ("currency", "ZZZ"),
        ("tax_regime", "RF99"),
        ("legal_name", "x" * 81),
        ("province", "BOL"),
    ],
)
def test_wrong_company_data_change_nothing(olga: User, operator: Operator, field: str, value: str) -> None:
    before = Operator.objects.values().get(pk=operator.pk)
    with pytest.raises(Invalid) as refused:
        operators.update(operator=operator, by=olga, values={field: value, "city": "Modena"})
    assert list(refused.value.fields) == [field]
    assert Operator.objects.values().get(pk=operator.pk) == before


def test_what_is_not_editable_stays(olga: User, operator: Operator) -> None:
    operators.update(operator=operator, by=olga, values={"party_id": "XXX", "slug": "mine", "city": "Modena"})
    kept = Operator.objects.get(pk=operator.pk)
    assert (kept.party_id, kept.slug, kept.city) == ("ADR", "rete-adriatica", "Modena")


def test_support_and_strangers_do_not_edit_the_company(tom: User, carla: User, operator: Operator) -> None:
    for person in (tom, carla):
        with pytest.raises(Forbidden):
            operators.update(operator=operator, by=person, values={"city": "Modena"})
    assert Operator.objects.get(pk=operator.pk).city == "Bologna"
