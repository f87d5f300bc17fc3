"""The life of a card."""

import pytest

from accounts.models import Driver, Operator, Token, User
from accounts.services import tokens
from cms.core.errors import Forbidden, Invalid
from tests.factories import DriverFactory, TokenFactory


def test_a_card_is_made_for_a_driver(tom: User, operator: Operator, dario: Driver) -> None:
    token = tokens.create(operator=operator, id_tag=" 04A1b2c3 ", by=tom, driver=dario, label="Van 12")
    assert (token.uid, token.key, token.driver, token.label) == ("04A1b2c3", "04A1B2C3", dario, "Van 12")


def test_another_operators_driver_gets_no_card_here(tom: User, operator: Operator, other_operator: Operator) -> None:
    with pytest.raises(Invalid) as refused:
        tokens.create(operator=operator, id_tag="A", by=tom, driver=DriverFactory(operator=other_operator))
    assert list(refused.value.fields) == ["driver"]
    assert not Token.objects.exists()


def test_only_what_is_named_changes(tom: User, operator: Operator) -> None:
    token = TokenFactory(operator=operator, label="Van 12")
    stale = Token.objects.get(pk=token.pk)
    tokens.update(token=token, by=tom, label="Van 13")
    tokens.block(token=stale, by=tom)
    token.refresh_from_db()
    assert (token.label, token.status) == ("Van 13", "blocked")
    tokens.unblock(token=token, by=tom)
    assert Token.objects.get().status == "accepted"


def test_empty_texts_mean_none(tom: User, operator: Operator) -> None:
    token = tokens.create(operator=operator, id_tag="A", by=tom, type="", parent_id_tag="")
    assert (token.type, token.parent_id_tag) == (None, None)


def test_technicians_and_strangers_change_no_card(operator: Operator, anna: User, carla: User) -> None:
    token = TokenFactory(operator=operator)
    for person in (anna, carla):
        for act in (tokens.block, tokens.unblock, tokens.delete):
            with pytest.raises(Forbidden):
                act(token=token, by=person)
        with pytest.raises(Forbidden):
            tokens.create(operator=operator, id_tag="A", by=person)
    assert Token.objects.get().status == "accepted"


def test_a_card_is_shown_by_its_last_signs(operator: Operator) -> None:
    assert TokenFactory(operator=operator, uid="04A1B2C3D4").masked == "…C3D4"
