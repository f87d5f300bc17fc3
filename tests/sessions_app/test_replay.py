"""Telling sessions again gives what the stations' messages gave live, whatever came in between."""

import random
from collections.abc import Callable
from io import StringIO
from typing import Any

import orjson
import pytest
from django.core.management import CommandError, call_command

from accounts.models import Operator, Token
from sessions_app.engine.state import State
from sessions_app.metering.series import Series
from sessions_app.models import ChargingSession, Evidence
from sessions_app.services import decisions, ledger, replaying
from stations.vocabulary.events import TransactionEnded, TransactionStarted, TransactionUpdated
from stations.vocabulary.values import EvseRef, IdToken
from tests.factories import StationFactory, TokenFactory

from .telling import MORNING, Teller, Teller2

Tell = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("card")


def differences() -> list[replaying.Difference]:
    return list(replaying.replay(ChargingSession.objects.all(), write=False))


def story_1_6(pole: Teller, number: str) -> list[Any]:
    return [
        pole.update(10, number, 3000, power=7000, soc=30),
        pole.meter(12, 9_000_000),
        pole.update(20, number, "4.5e3", power=7000),
        pole.update(25, "-1", 5000),
        pole.meter(30, 9_003_000),
        pole.update(40, number, None),
        pole.stop(50, number, 9000, tag="04A1B2C3", reason="EVDisconnected"),
    ]


def story_2_0_1(pole2: Teller2) -> list[Any]:
    updated = TransactionUpdated
    return [
        pole2.event(TransactionStarted, 0, "t", 10, 1000, evse=EvseRef(2, 1), charging_state="EVConnected"),
        pole2.event(updated, 5, "t", 11, token=IdToken("04A1B2C3", "ISO14443"), trigger="Authorized"),
        pole2.event(updated, 10, "t", 12, 2000, charging_state="Charging", remote_start_id=7, reservation_id=3),
        pole2.event(updated, 20, "t", 13, 3000, power=6000, soc=50, offline=True, heard=90),
        pole2.event(updated, 20, "t", 13, 3001, power=6000, soc=50, offline=True, heard=91),
        pole2.event(TransactionEnded, 30, "t", 14, 4000, charging_state="SuspendedEV", reason="Local"),
    ]


@pytest.mark.parametrize("seed", range(12))
def test_any_order_with_repetitions_is_told_the_same_way_again(
    tell: Tell, pole: Teller, operator: Operator, seed: int
) -> None:
    luck = random.Random(seed)
    Token.objects.update(max_active_sessions=None)
    second = Teller2(StationFactory(operator=operator))
    number = tell(pole.start(0, meter=1000)).transaction_id
    told = [*story_1_6(pole, number), *story_2_0_1(second), pole.start(0, meter=1000)]
    told += luck.sample(told, 5)
    luck.shuffle(told)
    while told:
        size = luck.randint(1, 4)
        tell(*told[:size])
        told = told[size:]

    assert differences() == []
    one, two = ChargingSession.objects.order_by("station__pk")
    assert (one.status, one.energy, one.stop_reason) == ("completed", 8000, "EVDisconnected")
    assert (two.status, two.energy, two.id_tag, two.charging_state) == ("completed", 3000, "04A1B2C3", "SuspendedEV")
    assert two.review == "seq_conflict"


def test_a_row_is_evidence_again(tell: Tell, pole2: Teller2) -> None:
    for event in story_2_0_1(pole2):
        entry = ledger.of_transaction(event, "Accepted" if event.token else "")
        ledger.write([(entry, None)])
        ((_, again),) = ledger.stream(Evidence.objects.filter(pk=Evidence.objects.latest("pk").pk))
        assert again == entry.evidence
    metered = ledger.of_meter(pole2.meter(3, "7.5", power=10, evse=1))
    ledger.write([(metered, None)])
    ((_, again),) = ledger.stream(Evidence.objects.filter(kind="metered"))
    assert again == metered.evidence


def test_replay_mends_a_row_that_somebody_changed(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=1000)).transaction_id
    tell(pole.stop(10, number, 3000))
    ChargingSession.objects.update(energy=7, review="touched")

    with pytest.raises(CommandError, match="2 differences"):
        call_command("replay", "--verify", stdout=(out := StringIO()), stderr=StringIO())
    assert f"session {number}: energy is 7000, evidence says 2000000" in out.getvalue()
    assert ChargingSession.objects.get().energy == 7

    call_command("replay", number, "--station", "CP-0042", stdout=StringIO(), stderr=StringIO())
    call_command("replay", "--verify", stdout=StringIO(), stderr=(said := StringIO()))

    session = ChargingSession.objects.get()
    assert (session.energy, session.review) == (2000, "")
    assert said.getvalue() == "1 sessions, 0 differences\n"


def test_a_session_without_evidence_is_told_of_and_left_alone(tell: Tell, pole: Teller) -> None:
    tell(pole.start(0))
    Evidence.objects.all().delete()

    assert [found.column for found in replaying.replay(ChargingSession.objects.all(), write=True)] == ["evidence"]
    assert ChargingSession.objects.get().status == "active"


def test_what_is_ours_is_told_again_too(tell: Tell, pole: Teller, operator: Operator) -> None:
    TokenFactory(operator=operator, uid="SECOND")
    tell(pole.start(0, meter=1000))
    number = tell(pole.start(60, "SECOND", meter=5000)).transaction_id
    decisions.close(session=ChargingSession.objects.get(transaction_id=number), by=None)

    assert differences() == []


def test_states_of_earlier_versions_can_still_be_read() -> None:
    kept = State(stops=1, own=Series(first=1, before=(1, 2, MORNING, 3, 0)))
    earlier = orjson.loads(kept.dump()) | {"status": "completed"}
    earlier["own"]["before"] = earlier["own"]["before"][:4]

    assert State.load(orjson.dumps(earlier).decode()) == kept
