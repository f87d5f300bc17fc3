"""Field quirks §4: transactions as stations really report them, one test per row."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Token
from sessions_app.models import ChargingSession, Evidence
from stations.models import ChargingStation
from stations.vocabulary.events import TransactionEnded, TransactionStarted, TransactionUpdated
from stations.vocabulary.values import EvseRef, IdToken
from tests.factories import EvseFactory, StationFactory, TokenFactory

from .telling import MORNING, Teller, Teller2

Tell = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("card")


def the_session() -> ChargingSession:
    return ChargingSession.objects.get()


def facts(session: ChargingSession) -> tuple[Any, ...]:
    session.refresh_from_db()
    return (session.status, session.energy, session.meter_stop, session.stopped_at, session.stop_reason, session.review)


def test_q34_a_repeated_start_gets_the_same_transaction_id(tell: Tell, pole: Teller) -> None:
    first = tell(pole.start(0))
    second = tell(pole.start(0, heard=2))
    third, fourth = tell(pole.start(0, heard=5), pole.start(0, heard=5))

    assert first == second == third == fourth
    assert ChargingSession.objects.count() == Evidence.objects.count() == 1


def test_q34_the_same_start_twice_in_one_batch_is_one_session(tell: Tell, pole: Teller) -> None:
    first, second = tell(pole.start(0), pole.start(0))

    assert first == second
    assert ChargingSession.objects.count() == Evidence.objects.count() == 1


def test_q34_a_repeated_start_is_not_refused_because_of_the_first(tell: Tell, pole: Teller, card: Token) -> None:
    assert card.max_active_sessions == 1
    answers = [tell(pole.start(0)).authorization.status for _ in range(3)]

    assert answers == ["Accepted"] * 3


def test_q34_starts_of_a_station_without_a_clock_differ_by_their_register(tell: Tell, pole: Teller) -> None:
    unset = datetime(1970, 1, 1, tzinfo=UTC)
    first = tell(pole.start(0, meter=1000, occurred_at=unset))
    again = tell(pole.start(1, meter=1000, occurred_at=unset))
    second = tell(pole.start(60, meter=6000, occurred_at=unset))

    assert (first == again, first == second) == (True, False)
    assert ChargingSession.objects.count() == 2


def test_q35_a_start_repeated_after_its_stop_changes_nothing(tell: Tell, pole: Teller) -> None:
    first = tell(pole.start(0))
    tell(pole.stop(30, first.transaction_id, 5200))
    before = facts(the_session())

    assert tell(pole.start(0, heard=40)) == first
    assert facts(the_session()) == before


def test_q36_a_start_on_an_occupied_connector_is_accepted_and_the_older_lost_its_stop(
    tell: Tell, pole: Teller, operator: Any
) -> None:
    TokenFactory(operator=operator, uid="SECOND")
    older = tell(pole.start(0, meter=1000)).transaction_id
    tell(pole.update(30, older, 4000))
    newer = tell(pole.start(120, "SECOND", meter=6000))

    assert newer.authorization.status == "Accepted"
    one, two = ChargingSession.objects.order_by("pk")
    assert (one.status, one.energy, one.estimated) == ("completed", Decimal(3000), True)
    assert one.stopped_at == MORNING + timedelta(minutes=30)
    assert one.review == "missing_stop"
    assert (two.status, two.meter_start, two.review) == ("active", Decimal(6000), "")


def test_q36_without_readings_the_next_start_bounds_the_energy(tell: Tell, pole: Teller) -> None:
    tell(pole.start(0, meter=1000))
    tell(pole.start(120, meter=6000))

    older = ChargingSession.objects.earliest("pk")
    assert (older.energy, older.estimated, older.review) == (Decimal(5000), True, "estimated,missing_stop")


def test_q36_the_nearest_of_two_later_starts_bounds(tell: Tell, pole: Teller) -> None:
    tell(pole.start(0, meter=1000))
    tell(pole.start(60, meter=6000))
    tell(pole.start(30, meter=3000, heard=61))

    energies = ChargingSession.objects.order_by("started_at").values_list("energy", "status")
    assert list(energies) == [(2000, "completed"), (3000, "completed"), (0, "active")]


def test_q36_readings_after_the_next_start_count_up_to_its_register(tell: Tell, pole: Teller) -> None:
    older = tell(pole.start(0, meter=1000)).transaction_id
    tell(pole.start(60, meter=6000))
    tell(pole.update(70, older, 9000))

    assert ChargingSession.objects.earliest("pk").energy == Decimal(5000)


def test_q36_an_estimate_by_power_is_no_more_than_the_next_start_allows(tell: Tell, pole: Teller) -> None:
    older = tell(pole.start(0, meter=1000)).transaction_id
    tell(pole.update(10, older, power=12_000))
    tell(pole.update(30, older, power=12_000))
    assert the_session().energy == Decimal(4000)
    tell(pole.start(60, meter=3000))

    session = ChargingSession.objects.earliest("pk")
    assert (session.energy, session.review) == (Decimal(2000), "estimated,missing_stop")


def test_q36_q44_a_register_that_starts_anew_with_every_session_bounds_nothing(tell: Tell, pole: Teller) -> None:
    older = tell(pole.start(0, meter=0)).transaction_id
    tell(pole.update(30, older, 5000))
    tell(pole.start(60, meter=0))

    session = ChargingSession.objects.earliest("pk")
    assert (session.energy, session.review) == (Decimal(5000), "missing_stop")


def test_q36_a_stop_that_comes_after_all_settles_the_older_session(tell: Tell, pole: Teller) -> None:
    older = tell(pole.start(0, meter=1000)).transaction_id
    tell(pole.start(120, meter=6000))
    tell(pole.stop(60, older, 5900, heard=130))

    session = ChargingSession.objects.get(transaction_id=older)
    assert (session.energy, session.estimated, session.review) == (Decimal(4900), False, "")
    assert (session.stopped_at, session.stop_reason) == (MORNING + timedelta(minutes=60), "Local")


def test_q36_the_same_card_may_start_again_where_its_stop_was_lost(tell: Tell, pole: Teller, card: Token) -> None:
    assert card.max_active_sessions == 1
    tell(pole.start(0))

    assert tell(pole.start(60, meter=2000)).authorization.status == "Accepted"


def test_q36_a_queued_older_start_does_not_end_the_newer_session(tell: Tell, pole: Teller) -> None:
    newer = tell(pole.start(120, meter=6000)).transaction_id
    older = tell(pole.start(0, meter=1000, heard=121)).transaction_id

    assert ChargingSession.objects.get(transaction_id=newer).status == "active"
    assert ChargingSession.objects.get(transaction_id=older).review == "estimated,missing_stop"


@pytest.mark.parametrize("number", ["0", "-1", "-42", "9223372036854775807", "999999", "nonsense", "", None])
def test_q37_a_stop_with_an_invalid_id_ends_the_only_session_that_fits(
    tell: Tell, pole: Teller, number: str | None
) -> None:
    tell(pole.start(0, meter=1000))
    answer = tell(pole.stop(30, number, 4000, tag="04A1B2C3", reason="PowerLoss"))

    assert answer.authorization.status == "Accepted"
    session = the_session()
    assert (session.status, session.energy, session.stop_reason) == ("completed", Decimal(3000), "PowerLoss")


def test_q37_a_stop_that_fits_two_sessions_ends_neither(tell: Tell, pole: Teller, card: Token) -> None:
    Token.objects.update(max_active_sessions=None)
    tell(pole.start(0, evse=1))
    tell(pole.start(0, evse=2))
    tell(pole.stop(30, "-1", 4000, tag="04A1B2C3"))

    assert set(ChargingSession.objects.values_list("status", flat=True)) == {"active"}
    orphan = Evidence.objects.get(session=None)
    assert (orphan.kind, orphan.transaction_id) == ("ended", "-1")


def test_q37_a_stop_of_nothing_is_answered_and_kept(tell: Tell, pole: Teller) -> None:
    answer = tell(pole.stop(30, "77", 4000, tag="04A1B2C3"))

    assert answer.authorization.status == "Accepted"
    assert ChargingSession.objects.count() == 0
    assert Evidence.objects.get().session is None


def test_q37_a_stop_below_the_start_register_does_not_fit(tell: Tell, pole: Teller) -> None:
    tell(pole.start(0, meter=5000))
    tell(pole.stop(30, "-1", 4000))

    assert the_session().status == "active"


def test_a_stop_of_another_stations_transaction_does_not_end_it(tell: Tell, pole: Teller, operator: Any) -> None:
    number = tell(pole.start(0)).transaction_id
    stranger = Teller(StationFactory(operator=operator))
    tell(stranger.stop(30, number, 9000))

    assert the_session().status == "active"


@pytest.mark.parametrize("number", ["9223372036854775807", "1714555800", "0", "-7", None])
def test_q38_q39_readings_with_a_made_up_id_belong_to_the_only_session_of_the_connector(
    tell: Tell, pole: Teller, number: str | None
) -> None:
    tell(pole.start(0, meter=1000))
    tell(pole.update(15, number, 3500))

    assert the_session().energy == Decimal(2500)


def test_q39_readings_of_an_idle_connector_are_kept_as_orphans(tell: Tell, pole: Teller) -> None:
    tell(pole.start(0, meter=1000, evse=1))
    tell(pole.update(15, "1714555800", 3500, evse=2))

    assert the_session().energy == Decimal(0)
    assert Evidence.objects.get(session=None).transaction_id == "1714555800"


def test_q40_reservation_zero_means_none(tell: Tell, pole: Teller) -> None:
    tell(pole.start(0, reservation_id=0))

    assert '"reservation"' not in the_session().state


def test_q42_a_stop_without_a_tag_is_answered_without_one(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0)).transaction_id

    assert tell(pole.stop(30, number, 5000)).authorization is None
    assert the_session().stop_id_tag is None


def test_q42_a_stop_repeated_every_ten_seconds_is_boring(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0)).transaction_id
    tell(pole.stop(30, number, 5000))
    before = facts(the_session())
    for minute in range(31, 36):
        tell(pole.stop(30, number, 5000, heard=minute))

    assert facts(the_session()) == before
    assert Evidence.objects.count() == 2


def test_q43_one_watt_hour_below_the_start_is_rounding(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=26008)).transaction_id
    tell(pole.stop(5, number, 26007))

    session = the_session()
    assert (session.energy, session.meter_stop, session.review) == (Decimal(0), Decimal(26007), "")


def test_q43_fractions_of_a_watt_hour_are_exact(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter="26008.333")).transaction_id
    tell(pole.stop(30, number, "29008.999"))

    assert the_session().energy == Decimal("3000.666")


def test_q43_a_stop_far_below_the_start_counts_the_samples_and_asks_a_person(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=26000)).transaction_id
    tell(pole.update(15, number, 27500))
    tell(pole.stop(20, number, 12))

    session = the_session()
    assert (session.energy, session.review) == (Decimal(1500), "negative")


def test_q44_a_session_register_beside_a_meter_start_of_zero(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=0)).transaction_id
    tell(pole.update(15, number, 2500))
    tell(pole.meter(15, 8_412_345))  # the meter's whole life, without a transaction
    tell(pole.update(30, number, 5000))
    tell(pole.meter(30, 8_414_845))
    assert the_session().energy == Decimal(5000)

    tell(pole.stop(31, number, 5100))

    assert (the_session().energy, the_session().review) == (Decimal(5100), "")


def test_q44_samples_relative_to_the_session_beside_a_lifetime_meter_start(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=8_409_845)).transaction_id
    tell(pole.update(15, number, 2500))
    assert the_session().energy == Decimal(2500)
    tell(pole.stop(30, number, 8_414_845))

    assert (the_session().energy, the_session().review) == (Decimal(5000), "")


def test_q44_readings_of_the_session_that_are_heard_late_contradict_nothing(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=26_008, heard=60)).transaction_id
    for m in range(1, 11):
        tell(pole.update(m, number, 200 * m, heard=60))
    tell(pole.stop(10, number, 28_008, heard=60))

    assert (the_session().energy, the_session().review) == (Decimal(2000), "")


def test_q44_a_stop_of_the_other_series_is_not_believed(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=0)).transaction_id
    tell(pole.update(15, number, 2500))
    tell(pole.stop(16, number, 8_414_845))

    assert (the_session().energy, the_session().review) == (Decimal(2500), "mixed_registers")


def test_q45_q50_a_refused_token_is_answered_honestly_and_its_energy_is_reviewed(tell: Tell, pole: Teller) -> None:
    answer = tell(pole.start(0, "no-card", meter=1000))
    assert answer.authorization.status == "Unknown"
    assert (the_session().status, the_session().authorization) == ("active", "Unknown")

    tell(pole.stop(30, answer.transaction_id, 4000, reason="DeAuthorized"))

    assert (the_session().energy, the_session().review) == (Decimal(3000), "unauthorised")


@pytest.mark.parametrize("shown", ["04:a1:b2:c3", "04-A1-B2-C3", "04 A1 B2 C3"])
def test_q46_another_spelling_of_a_known_card_starts_and_stays_as_it_was_sent(
    tell: Tell, pole: Teller, card: Token, shown: str
) -> None:
    assert tell(pole.present(shown)).status == "Accepted"
    assert tell(pole.start(0, shown)).authorization.status == "Accepted"

    session = ChargingSession.objects.get()
    assert (session.token, session.id_tag) == (card, shown)


def test_q46_a_stop_without_a_number_finds_its_session_by_another_spelling_of_its_card(
    tell: Tell, pole: Teller, card: Token
) -> None:
    tell(pole.start(0, "04:A1:B2:C3", evse=1), pole.start(0, "SOMEBODY", evse=2))
    tell(pole.stop(10, "-1", 2200, tag="04A1B2C3"))

    assert ChargingSession.objects.get(status="completed").id_tag == "04:A1:B2:C3"


def test_q46_tags_are_compared_without_regard_to_case(tell: Tell, pole: Teller, card: Token) -> None:
    assert tell(pole.start(0, "04a1b2c3")).authorization.status == "Accepted"
    assert (the_session().token, the_session().id_tag) == (card, "04a1b2c3")


def test_q33_a_session_nobody_hears_of_does_not_block_its_card(tell: Tell, pole: Teller, operator: Any) -> None:
    tell(pole.start(0))
    ChargingSession.objects.update(review="silent")
    elsewhere = Teller(StationFactory(operator=operator))

    assert tell(elsewhere.start(600)).authorization.status == "Accepted"


def test_q52_transaction_ids_are_unique_across_stations_and_never_given_out_again(
    tell: Tell, pole: Teller, operator: Any
) -> None:
    Token.objects.update(max_active_sessions=None)
    first = int(tell(pole.start(0)).transaction_id)
    Evidence.objects.all().delete()
    ChargingSession.objects.all().delete()
    other = Teller(StationFactory(operator=operator))
    later = [int(answer.transaction_id) for answer in tell(pole.start(10), other.start(10))]

    assert first < min(later)
    assert len(set(later)) == 2


def test_q53_readings_that_come_after_the_stop_are_merged(tell: Tell, pole: Teller) -> None:
    number = tell(pole.start(0, meter=1000)).transaction_id
    tell(pole.stop(30, number, 7000))
    tell(pole.update(15, number, 4000, heard=31))
    tell(pole.update(20, number, 5000, heard=31))

    session = the_session()
    assert (session.status, session.energy, session.review) == ("completed", Decimal(6000), "")
    assert Evidence.objects.filter(session=session).count() == 4


def test_q55_events_go_by_their_numbers_where_the_clock_was_set_back(tell: Tell, pole2: Teller2) -> None:
    updated = TransactionUpdated
    tell(pole2.event(TransactionStarted, 0, "t", 0, 1000, evse=EvseRef(1, 1)))
    tell(pole2.event(updated, 30, "t", 1, 3000, charging_state="Charging"))
    tell(pole2.event(updated, 20, "t", 2, 4000, charging_state="SuspendedEV", heard=31))

    session = the_session()
    assert (session.energy, session.charging_state, session.review) == (Decimal(3000), "SuspendedEV", "")


def charge2(pole2: Teller2, transaction: str = "tx-1") -> list[Any]:
    """One charge of a 2.0.1 station: cable, card, energy, end."""
    place, card = {"evse": EvseRef(1, 1)}, {"token": IdToken("04A1B2C3", "ISO14443")}
    started, updated, ended = TransactionStarted, TransactionUpdated, TransactionEnded
    return [
        pole2.event(started, 0, transaction, 0, 1000, trigger="CablePluggedIn", charging_state="EVConnected", **place),
        pole2.event(updated, 1, transaction, 1, trigger="Authorized", **card),
        pole2.event(updated, 2, transaction, 2, 1000, trigger="ChargingStateChanged", charging_state="Charging"),
        pole2.event(updated, 30, transaction, 3, 4000, power=7000, trigger="MeterValuePeriodic"),
        pole2.event(ended, 40, transaction, 4, 4500, trigger="EVDeparted", reason="EVDisconnected"),
    ]


def test_q53_an_event_after_the_end_does_not_reopen_it(tell: Tell, pole2: Teller2) -> None:
    for event in charge2(pole2):
        tell(event)
    tell(pole2.event(TransactionUpdated, 45, "tx-1", 5, charging_state="Charging"))

    assert the_session().status == "completed"
    assert "after_end" in the_session().review


@pytest.mark.parametrize("order", [(4, 3, 2, 1, 0), (0, 4, 1, 3, 2), (3, 0, 4, 2, 1)])
def test_q55_events_are_ordered_by_their_number_however_they_arrive(
    tell: Tell, pole2: Teller2, order: tuple[int, ...]
) -> None:
    story = charge2(pole2)
    for place in order:
        tell(story[place])

    session = the_session()
    assert (session.status, session.energy, session.stop_reason) == ("completed", Decimal(3500), "EVDisconnected")
    assert (session.evse_id, session.connector_id, session.id_tag) == (1, 1, "04A1B2C3")
    assert (session.started_at, session.stopped_at) == (MORNING, MORNING + timedelta(minutes=40))
    assert (session.estimated, session.review, session.last_seq_no) == (False, "", 4)


def test_q55_a_missing_connector_stays_missing(tell: Tell, pole2: Teller2) -> None:
    tell(pole2.event(TransactionStarted, 0, "tx-1", 0, evse=EvseRef(2, None)))

    assert (the_session().evse_id, the_session().connector_id) == (2, None)


def test_q56_a_start_button_needs_no_token(tell: Tell, pole2: Teller2) -> None:
    answer = tell(pole2.event(TransactionStarted, 0, "tx-1", 0, token=IdToken("", "NoAuthorization")))

    assert answer.authorization.status == "Accepted"
    assert (the_session().authorization, the_session().token) == ("Accepted", None)


def test_q57_a_new_transaction_ends_the_one_whose_end_was_lost(tell: Tell, pole2: Teller2) -> None:
    for event in charge2(pole2, "tx-1")[:-1]:
        tell(event)
    tell(pole2.event(TransactionStarted, 60, "tx-2", 0, 4600, evse=EvseRef(1, 1)))

    older = ChargingSession.objects.get(transaction_id="tx-1")
    assert (older.status, older.energy, older.review) == ("completed", Decimal(3000), "missing_stop")
    assert ChargingSession.objects.get(transaction_id="tx-2").status == "active"


def test_one_evse_with_two_connectors_has_one_session(tell: Tell, pole2: Teller2) -> None:
    tell(pole2.event(TransactionStarted, 0, "tx-1", 0, evse=EvseRef(1, 2)))

    assert (the_session().evse_id, the_session().connector_id) == (1, 2)


def test_q68_readings_of_connector_zero_belong_to_the_only_connector(
    tell: Tell, pole: Teller, station: ChargingStation
) -> None:
    EvseFactory(station=station)
    tell(pole.start(0, meter=1000))
    tell(pole.meter(15, 3000, evse=0))

    assert the_session().energy == Decimal(2000)


def test_q68_on_a_station_with_two_connectors_they_are_the_main_meter(
    tell: Tell, pole: Teller, station: ChargingStation
) -> None:
    EvseFactory(station=station, evse_id=1)
    EvseFactory(station=station, evse_id=2)
    tell(pole.start(0, meter=1000))
    tell(pole.meter(15, 3000, evse=0))

    assert the_session().energy == Decimal(0)
    assert Evidence.objects.get(session=None).kind == "metered"


def test_q39_a_made_up_id_of_an_old_session_counts_for_the_one_that_runs(tell: Tell, pole: Teller) -> None:
    old = tell(pole.start(0, meter=1000)).transaction_id
    tell(pole.stop(30, old, 4000))
    tell(pole.start(60, meter=4000))
    tell(pole.update(90, old, 7000))

    one, two = ChargingSession.objects.order_by("pk")
    assert (one.energy, two.energy) == (Decimal(3000), Decimal(3000))


def test_q39_a_last_reading_just_after_the_stop_stays_with_its_session(tell: Tell, pole: Teller) -> None:
    old = tell(pole.start(0, meter=1000)).transaction_id
    tell(pole.stop(30, old, 4000))
    tell(pole.start(31, meter=4000))
    tell(pole.update(32, old, 4000))

    one, two = ChargingSession.objects.order_by("pk")
    assert (one.evidence.count(), two.evidence.count()) == (3, 1)


def test_q39_on_an_idle_connector_it_stays_with_the_session_it_names(tell: Tell, pole: Teller) -> None:
    old = tell(pole.start(0, meter=1000)).transaction_id
    tell(pole.stop(30, old, 4000))
    tell(pole.update(90, old, 4001))

    assert Evidence.objects.filter(session=the_session()).count() == 3
    assert the_session().energy == Decimal(3000)


def test_q53_an_id_that_is_used_again_is_another_session(tell: Tell, pole2: Teller2) -> None:
    for event in charge2(pole2, "1"):
        tell(event)
    first = facts(the_session())
    started = pole2.event(TransactionStarted, 100, "1", 0, 4500, evse=EvseRef(1, 1))
    for event in (started, started, pole2.event(TransactionUpdated, 110, "1", 1, 6000)):
        assert tell(event).transaction_id == "1"
    tell(pole2.event(TransactionEnded, 120, "1", 2, 7500))

    one, two = ChargingSession.objects.order_by("pk")
    assert facts(one) == first
    assert (two.transaction_id, two.energy, two.review) == ("1", Decimal(3000), "reused_id")
    assert Evidence.objects.filter(session=one).count() == 5
    assert Evidence.objects.filter(session=two).count() == 3


def test_q53_a_late_repetition_of_the_first_start_is_still_the_first(tell: Tell, pole2: Teller2) -> None:
    story = charge2(pole2, "1")
    for event in story:
        tell(event)
    tell(story[0])

    assert ChargingSession.objects.count() == 1
    assert Evidence.objects.count() == 5


def test_a_station_that_changes_its_protocol_may_name_a_number_we_once_gave(
    tell: Tell, pole: Teller, pole2: Teller2
) -> None:
    number = tell(pole.start(0, meter=1000)).transaction_id
    tell(pole.stop(30, number, 4000))
    tell(pole2.event(TransactionStarted, 60, number, 0, 4000, evse=EvseRef(1, 1)))
    tell(pole2.event(TransactionEnded, 70, number, 1, 5000))

    assert [session.energy for session in ChargingSession.objects.order_by("pk")] == [Decimal(3000), Decimal(1000)]
