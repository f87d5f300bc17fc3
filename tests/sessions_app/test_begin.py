"""StartTransaction (OCPP 1.6 §4.8, §6): always answered, once per start."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from accounts.models import Token
from sessions_app.models import ChargingSession, Evidence

from .telling import MORNING, Teller

Tell = Callable[..., Any]


def test_a_start_of_an_accepted_tag_begins_a_session_with_a_positive_transaction_id(
    tell: Tell, pole: Teller, card: Token
) -> None:
    answer = tell(pole.start(0, meter=1200))

    session = ChargingSession.objects.get()
    assert answer.authorization.status == "Accepted"
    assert answer.transaction_id == session.transaction_id == str(session.pk)
    assert 0 < int(answer.transaction_id) < 2**31
    assert (session.status, session.started_at, session.evse_id, session.connector_id) == ("active", MORNING, 1, 1)
    assert (session.meter_start, session.energy, session.authorization) == (Decimal(1200), Decimal(0), "Accepted")
    assert (session.token, session.id_tag, session.ocpp_version) == (card, "04A1B2C3", "1.6")
    assert Evidence.objects.get().session == session


def test_a_whole_session_counts_meter_stop_minus_meter_start(tell: Tell, pole: Teller, card: Token) -> None:
    number = tell(pole.start(0, meter=1200)).transaction_id
    tell(pole.update(15, number, 4200, power=11000, soc=40))
    tell(pole.update(30, number, 7200, power=11000, soc=55))
    session = ChargingSession.objects.get()
    assert (session.energy, session.power_w, session.soc, session.review) == (Decimal(6000), 11000, 55, "")

    answer = tell(pole.stop(31, number, 7400, reason="EVDisconnected", tag="04a1b2c3"))

    session.refresh_from_db()
    assert answer.authorization.status == "Accepted"
    assert (session.status, session.stop_reason, session.stop_id_tag) == ("completed", "EVDisconnected", "04a1b2c3")
    assert session.stopped_at == MORNING + timedelta(minutes=31)
    assert (session.meter_stop, session.energy) == (Decimal(7400), Decimal(6200))
    assert (session.estimated, session.review) == (False, "")
    assert Evidence.objects.filter(session=session).count() == 4
