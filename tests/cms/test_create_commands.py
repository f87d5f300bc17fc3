"""`manage.py create_*`: what scripts rely on (api-contract §10)."""

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from accounts.models import Operator
from accounts.services import operators
from stations.models import ChargingStation
from stations.services import provisioning


def test_an_operator_made_by_somebody_else_this_instant_is_the_operator(db: None, monkeypatch) -> None:
    create = operators.create

    def raced(**facts: str) -> Operator:
        create(**facts)
        return create(**facts)

    monkeypatch.setattr(operators, "create", raced)
    call_command("create_operator", "rete", "--name", "Rete")
    assert Operator.objects.get().slug == "rete"


def test_a_station_made_by_somebody_else_this_instant_is_the_station(operator: Operator, monkeypatch) -> None:
    create = provisioning.create

    def raced(**facts) -> ChargingStation:
        create(**facts)
        return create(**facts)

    monkeypatch.setattr(provisioning, "create", raced)
    call_command("create_station", "CP-1", "--operator", operator.slug)
    assert ChargingStation.objects.get().identity == "CP-1"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("create_operator", "Rete X", "--name", "Rete"), "slug: Small letters"),
        (("create_station", "a b", "--operator", "rete-adriatica"), "identity: 1 to 48"),
        (("create_station", "CP-1", "--operator", "rete-adriatica", "--password", "x" * 65), "password: 1 to 64"),
        (("create_api_key", "--operator", "rete-adriatica", "--name", " "), "name: Give the key a name"),
    ],
)
def test_a_refusal_is_one_english_line_whatever_the_installation_speaks(
    operator: Operator, command: tuple[str, ...], said: str
) -> None:
    with translation.override("it"), pytest.raises(CommandError, match=said):
        call_command(*command)
