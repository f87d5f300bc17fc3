"""A person who charges: one row per operator, one app token each, billing data given once."""

import pytest

from accounts.models import Driver, Operator, Token, User
from accounts.services import drivers, tokens
from accounts.services.tokens import Asked
from cms.core.errors import Forbidden, Invalid
from stations.vocabulary.values import IdToken
from tests.factories import UserFactory

COMPANY = {
    "billing_name": "Bellini Impianti S.r.l.",
    "vat_number": "00743110157",
    "address": "Via Emilia Est 120",
    "postal_code": "41124",
    "city": "Modena",
    "province": "mo",
    "sdi_code": "m5uxcr1",
}


@pytest.fixture
def person(db: None) -> User:
    return UserFactory(email="dora@driver.example")


def test_the_first_visit_makes_a_driver_with_an_app_token(person: User, operator: Operator) -> None:
    driver = drivers.of(user=person, operator=operator)
    token = driver.tokens.get()
    assert (token.app, token.type, token.operator) == (True, "Central", operator)
    assert token.uid.startswith("APP-")
    assert len(token.uid) == 20  # CiString20 of OCPP 1.6
    assert tokens.authorize([Asked(operator.pk, IdToken(token.uid))])[0].driver_id == driver.pk


def test_the_second_visit_makes_nothing(person: User, operator: Operator, other_operator: Operator) -> None:
    first = drivers.of(user=person, operator=operator)
    assert drivers.of(user=person, operator=operator) == first
    assert drivers.of(user=person, operator=other_operator) != first
    assert (Driver.objects.count(), Token.objects.count()) == (2, 2)


def test_a_lost_app_token_is_made_anew(person: User, operator: Operator) -> None:
    driver = drivers.of(user=person, operator=operator)
    tokens.delete(token=driver.tokens.get(), by=None)
    drivers.of(user=person, operator=operator)
    assert driver.tokens.count() == 1


def test_a_blocked_driver_starts_nothing_and_can_be_unblocked(tom: User, dario: Driver) -> None:
    token = tokens.issue_app_token(driver=dario)
    asked = [Asked(dario.operator_id, IdToken(token.uid))]
    drivers.block(driver=dario, by=tom)
    assert tokens.authorize(asked)[0].status == "Blocked"
    drivers.unblock(driver=dario, by=tom)
    assert tokens.authorize(asked)[0].status == "Accepted"


def test_carla_cannot_block_olgas_driver(carla: User, anna: User, dario: Driver) -> None:
    for person in (carla, anna):
        with pytest.raises(Forbidden):
            drivers.block(driver=dario, by=person)
    dario.refresh_from_db()
    assert not dario.blocked


def test_billing_data_are_cleaned_and_the_same_everywhere(
    person: User, operator: Operator, other_operator: Operator
) -> None:
    drivers.of(user=person, operator=operator)
    drivers.update_billing(user=person, values=COMPANY)
    drivers.of(user=person, operator=other_operator)
    rows = Driver.objects.filter(user=person).values_list("vat_number", "province", "sdi_code", "billing_name")
    assert list(rows) == [("IT00743110157", "MO", "M5UXCR1", "Bellini Impianti S.r.l.")] * 2


def test_with_a_vat_number_an_invoice_needs_the_rest(dario: Driver) -> None:
    with pytest.raises(Invalid) as refused:
        drivers.update_billing(user=dario.user, values={"vat_number": "00743110157"})
    assert sorted(refused.value.fields) == ["address", "billing_name", "city", "postal_code", "province"]
    dario.refresh_from_db()
    assert dario.vat_number == ""


def test_a_foreign_buyer_needs_no_province(dario: Driver) -> None:
    abroad = COMPANY | {"vat_number": "DE136695976", "country_code": "de", "province": "", "postal_code": "10115"}
    drivers.update_billing(user=dario.user, values=abroad)
    dario.refresh_from_db()
    assert (dario.vat_number, dario.country_code) == ("DE136695976", "DE")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("vat_number", "00743110158"),
        ("fiscal_code", "RSSMRA85T10A562X"),
        ("pec", "not a mail"),
        ("sdi_code", "X"),
        ("billing_name", "x" * 81),
        ("city", "x" * 61),
        ("country_code", "Italy"),
    ],
)
def test_wrong_billing_data_change_nothing(dario: Driver, field: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        drivers.update_billing(user=dario.user, values=COMPANY | {field: value})
    assert list(refused.value.fields) == [field]
    dario.refresh_from_db()
    assert dario.billing_name == ""
