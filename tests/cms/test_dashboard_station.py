"""/ops/stations/<identity>/: one charger in six tabs, its buttons, and what they ask of it."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, Operator, Role, User
from billing.services.prices import session_prices
from cms.dashboard import tabs
from cms.dashboard.selectors import readings, station, strips
from cms.wiring import csms
from sessions_app.models import ChargingSession, PowerLimit
from stations.diagnostics import faults
from stations.models import ChargingStation, Command, ConnectionPeriod, Fault, FirmwareUpdate, StatusChange, Variable
from stations.vocabulary import values
from tests.cms import driving
from tests.factories import TokenFactory, UserFactory
from tests.sessions_app.telling import MORNING, Teller

NOON = MORNING + timedelta(minutes=30)  # 11:00 in Bologna
TABS = ("now", "sessions", "messages", "config", "maintenance", "setup")


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def unit(operator: Operator) -> ChargingStation:
    made = driving.stand(driving.place(operator), ("Available", "Faulted"), identity="CP-0100", uid="IT*ADR*E0100*1")
    ConnectionPeriod.objects.create(
        station=made, epoch=1, version="1.6", gateway="g", connected_at=NOON - timedelta(hours=20)
    )
    return made


def get(client: Client, who: User, query: str = "", **headers: str) -> str:
    client.force_login(who)
    answer = client.get(f"/ops/stations/CP-0100/?lang=en{query}", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def charge(unit: ChargingStation, driver=None) -> ChargingSession:
    token = TokenFactory(operator=unit.operator, driver=driver, uid="04A1B2C3")
    pole = Teller(unit)
    csms.handle([pole.start(0, token.uid, meter=0)])
    session = ChargingSession.objects.get(station=unit)
    samples = (
        values.Sample("Energy.Active.Import.Register", Decimal(5500), "Wh"),
        values.Sample("Power.Active.Import", Decimal(11000), "W"),
        *(values.Sample("Current.Import", Decimal("16.0"), "A", f"L{n}") for n in (1, 2, 3)),
        *(values.Sample("Voltage", Decimal(230), "V", f"L{n}-N") for n in (1, 2, 3)),
        values.Sample("SoC", Decimal(64), "Percent"),
    )
    at = NOON - timedelta(minutes=1)
    csms.handle([pole.update(29, session.transaction_id, readings=(values.Reading(at, samples),))])
    session.refresh_from_db()
    return session


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_opens(client, olga, unit, tab):
    assert "CP-0100" in get(client, olga, f"&tab={tab}")


@pytest.mark.parametrize("tab", TABS)
def test_carla_gets_404_for_every_tab_of_olgas_station(client, carla, unit, tab):
    client.force_login(carla)
    assert client.get(f"/ops/stations/CP-0100/?tab={tab}").status_code == 404
    assert client.get(f"/ops/stations/{unit.pk}/?tab={tab}").status_code == 404


def test_the_accountant_may_not_read_messages(client, anna, unit):
    client.force_login(anna)
    assert client.get("/ops/stations/CP-0100/?tab=messages").status_code == 403
    assert "Latest messages" not in get(client, anna)


def test_a_station_is_found_by_number_too(client, olga, unit):
    client.force_login(olga)
    assert client.get(f"/ops/stations/{unit.pk}/").status_code == 200
    assert client.get("/ops/stations/CP-9999/").status_code == 404


def test_the_header_says_the_worst_of_its_connectors(client, olga, unit):
    assert "Fault on 1 of 2" in get(client, olga)


def test_a_running_charge_is_live_on_its_card(client, olga, unit, dario):
    session = charge(unit, dario)
    shown = get(client, olga)
    assert f'href="/ops/sessions/{session.pk}/"' in shown
    assert "5.50\u00a0kWh" in shown
    assert "11.0\u00a0kW" in shown
    assert "3\u00a0×\u00a016.0\u00a0A" in shown
    assert "On connector 1 yes, 11.0\u00a0kW." in shown
    assert "Stop this charge" in shown


def test_readings_of_a_charge_that_ended_are_not_shown_as_live(unit, dario):
    session = charge(unit, dario)
    assert readings.latest(unit, now=NOON)[1].soc == Decimal(64)
    ChargingSession.objects.filter(pk=session.pk).update(status="completed", stopped_at=NOON)
    assert readings.latest(unit, now=NOON) == {}


def test_old_readings_are_history(unit, dario):
    charge(unit, dario)
    assert readings.latest(unit, now=NOON + timedelta(minutes=16)) == {}


def test_the_diagnosis_explains_and_offers_the_first_thing_to_try(client, olga, unit):
    faults.report(
        station_id=unit.pk, kind="faulted", evse_id=2, connector_id=1, code="PowerSwitchFailure E-117", at=NOON
    )
    shown = get(client, olga)
    assert "The contactor does not close" in shown
    assert "Take connector 2 out of service" in shown
    assert "works: site power and link are fine" in shown


def test_an_offline_station_says_why_nothing_can_be_sent(client, olga, unit):
    ChargingStation.objects.filter(pk=unit.pk).update(online=False, offline_since=NOON - timedelta(hours=1))
    shown = get(client, olga)
    assert "Not connected: nothing can be sent until it is back." in shown
    assert 'data-opens="ask-reset"' not in shown
    assert "Not reached since 10:00;" in shown


def test_what_an_unreachable_station_said_last_is_not_shown_as_live(client, olga, unit, dario):
    charge(unit, dario)
    assert "last reading" not in get(client, olga)
    ChargingStation.objects.filter(pk=unit.pk).update(online=False, offline_since=NOON)
    shown = get(client, olga)
    assert "Not known since 11:00: it cannot be reached." in shown
    assert "On connector 1 yes" not in shown
    assert "last reading" in shown


def test_a_block_is_answered_alone(client, olga, unit):
    shown = get(client, olga, HX_Request="true", HX_Target="sockets")
    assert shown.lstrip().startswith("<div")
    assert "Connector 2" in shown
    assert "<nav" not in shown


# ---- buttons -----------------------------------------------------------------------------------------------------


def ask(client: Client, who: User, kind: str, **said: str) -> int:
    client.force_login(who)
    return client.post(f"/ops/stations/CP-0100/ask/{kind}/", said).status_code


@pytest.mark.parametrize(
    ("kind", "said", "word", "arguments"),
    [
        ("reset", {"when": "OnIdle"}, "Reset", {"when": "OnIdle"}),
        ("reset", {"when": "Immediate"}, "Reset", {"when": "Immediate"}),
        ("unlock", {"place": "2.1"}, "UnlockConnector", {"evse": [2, 1]}),
        (
            "availability",
            {"operative": "no", "place": "2.1"},
            "ChangeAvailability",
            {"operative": False, "evse": [2, 1]},
        ),
        ("availability", {"operative": "yes", "place": ""}, "ChangeAvailability", {"operative": True}),
        (
            "trigger",
            {"message": "StatusNotification", "place": ""},
            "TriggerMessage",
            {"message": "StatusNotification"},
        ),
        ("read", {}, "GetVariables", {}),
        (
            "set",
            {"variable": "HeartbeatInterval", "value": "60"},
            "SetVariable",
            {"variable": "HeartbeatInterval", "value": "60"},
        ),
        ("clear-cache", {}, "ClearCache", {}),
        (
            "limit",
            {"limit": "7,4", "hours": "4", "place": "2.1"},
            "SetChargingProfile",
            {"evse": [2, None], "limit": 10},
        ),
    ],
)
def test_a_button_asks_what_it_says(client, olga, unit, kind, said, word, arguments):
    assert ask(client, olga, kind, **said) == 302
    command = Command.objects.get()
    assert (command.station, command.kind, command.requested_by) == (unit, word, olga)
    known = json.loads(command.arguments)
    assert {key: known.get(key) for key in arguments} == arguments


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("reset", {}),
        ("reset", {"when": "Now"}),
        ("unlock", {"place": ""}),
        ("unlock", {"place": "x.y"}),
        ("unlock", {"place": "1" * 30}),
        ("availability", {"operative": "maybe"}),
        ("trigger", {"message": "DROP"}),
        ("set", {"value": "1"}),
        ("start", {"place": "9.1", "token": "04A1B2C3"}),
        ("start", {"place": "1.1", "token": "unknown"}),
        ("stop", {"session": "999"}),
        ("stop", {"session": "²"}),
        ("limit", {"limit": "much", "hours": ""}),
        ("limit", {"limit": "7", "hours": "99"}),
        ("limit", {"limit": "-1", "hours": ""}),
        ("limit", {"limit": "1e9", "hours": ""}),
        ("lift", {"power-limit": "7"}),
    ],
)
def test_nonsense_asks_nothing_and_says_what_is_missing(client, olga, unit, kind, said):
    client.force_login(olga)
    answer = client.post(f"/ops/stations/CP-0100/ask/{kind}/", said, follow=True)
    assert answer.status_code == 200
    assert Command.objects.count() == 0
    assert [str(message) for message in answer.context["messages"]] != []


def test_a_start_from_here_waits_for_its_charge(client, olga, unit):
    TokenFactory(operator=unit.operator, uid="04A1B2C3")
    assert ask(client, olga, "start", place="1.1", token="04a1b2c3") == 302
    assert Command.objects.get().kind == "RequestStart"


def test_a_stop_asks_the_station_and_changes_nothing_by_itself(client, olga, unit, dario):
    session = charge(unit, dario)
    assert ask(client, olga, "stop", session=str(session.pk)) == 302
    assert Command.objects.get().kind == "RequestStop"
    session.refresh_from_db()
    assert session.status == "active"


@pytest.mark.parametrize(
    "kind",
    ["start", "stop", "unlock", "reset", "availability", "trigger", "read", "set", "clear-cache", "limit", "lift"],
)
def test_carla_cannot_press_any_button_of_olgas_station(client, carla, unit, kind):
    assert ask(client, carla, kind, when="Immediate", place="1.1") == 404
    assert Command.objects.count() == 0


@pytest.mark.parametrize(
    "kind",
    ["start", "stop", "unlock", "reset", "availability", "trigger", "read", "set", "clear-cache", "limit", "lift"],
)
def test_the_accountant_may_press_none(client, anna, unit, kind):
    assert ask(client, anna, kind, when="Immediate", place="1.1") == 403
    assert Command.objects.count() == 0


def test_an_unknown_button_does_not_exist(client, olga, unit):
    assert ask(client, olga, "explode") == 404


def test_asking_a_station_that_is_away_queues_nothing(client, olga, unit):
    ChargingStation.objects.filter(pk=unit.pk).update(online=False)
    client.force_login(olga)
    answer = client.post("/ops/stations/CP-0100/ask/reset/", {"when": "OnIdle"}, follow=True)
    assert Command.objects.count() == 0
    assert "not connected" in str([str(m) for m in answer.context["messages"]]) or answer.status_code == 200


def test_a_command_under_way_is_shown_with_its_stages(client, olga, unit):
    ask(client, olga, "reset", when="OnIdle")
    shown = get(client, olga)
    assert "Waiting for its turn" in shown
    assert "Restart" in shown


def test_the_expert_sends_a_raw_message(client, olga, unit):
    client.force_login(olga)
    answer = client.post(
        "/ops/stations/CP-0100/raw/", {"action": "GetLocalListVersion", "payload": "{}", "timeout": "20"}
    )
    assert answer.status_code == 302
    command = Command.objects.get()
    assert (command.kind, command.action, command.payload, command.timeout) == (
        "RawCall",
        "GetLocalListVersion",
        "{}",
        20,
    )


@pytest.mark.parametrize(
    "said",
    [
        {"action": "Reset", "payload": '{"type": "Gently"}', "timeout": "30"},
        {"action": "Reset", "payload": "{", "timeout": "30"},
        {"action": "Nonsense", "payload": "{}", "timeout": "30"},
        {"action": "Reset", "payload": '{"type": "Soft"}', "timeout": "0"},
        {},
    ],
)
def test_a_wrong_raw_message_is_refused_beside_its_field(client, olga, unit, said):
    client.force_login(olga)
    answer = client.post("/ops/stations/CP-0100/raw/", said)
    assert answer.status_code == 400
    assert b'class="error"' in answer.content
    assert Command.objects.count() == 0


def test_support_is_no_expert(client, tom, unit):
    client.force_login(tom)
    assert client.get("/ops/stations/CP-0100/raw/").status_code == 403


# ---- selectors ---------------------------------------------------------------------------------------------------


def change(unit: ChargingStation, minutes_ago: int, status: str, evse: int = 1) -> None:
    at = NOON - timedelta(minutes=minutes_ago)
    StatusChange.objects.create(station=unit, evse_id=evse, connector_id=1, status=status, at=at, received_at=at)


def told(parts: object) -> list[tuple[int, int, str]]:
    ago = lambda at: int((NOON - at).total_seconds() // 60)  # noqa: E731
    return [(ago(part.start), ago(part.end), part.state) for part in parts]


def test_the_strip_begins_with_what_held_before_it(unit):
    change(unit, 60 * 30, "Available")
    change(unit, 30, "Charging")
    strip = strips.of(unit, start=NOON - timedelta(hours=1), end=NOON)
    assert told(strip[1, 1]) == [(60, 30, "available"), (30, 0, "charging")]


def test_time_without_a_connection_lies_over_the_strip(unit):
    ConnectionPeriod.objects.all().delete()
    for epoch, since, until in ((1, 90, 40), (2, 20, None)):
        ConnectionPeriod.objects.create(
            station=unit,
            epoch=epoch,
            version="1.6",
            gateway="g",
            connected_at=NOON - timedelta(minutes=since),
            disconnected_at=NOON - timedelta(minutes=until) if until else None,
        )
    change(unit, 80, "Available")
    strip = strips.of(unit, start=NOON - timedelta(hours=1), end=NOON)
    assert told(strip[1, 1]) == [(60, 40, "available"), (40, 20, "offline"), (20, 0, "available")]


def test_a_2x_connector_charges_while_its_session_runs(unit, dario):
    charge(unit, dario)
    change(unit, 40, "Occupied")
    strip = strips.of(unit, start=NOON - timedelta(hours=1), end=NOON)
    assert told(strip[1, 1]) == [(40, 30, "occupied"), (30, 0, "charging")]


def test_settings_are_grouped_and_secrets_stay_hidden(client, olga, unit):
    for name, value in (("HeartbeatInterval", "300"), ("AuthorizationKey", "hunter2")):
        Variable.objects.create(station=unit, name=name, value=value, readonly=False, updated_at=NOON)
    shown = get(client, olga, "&tab=config")
    assert "HeartbeatInterval" in shown
    assert "hunter2" not in shown


def test_a_technician_edits_settings_and_support_does_not(client, tom, operator, unit):
    Variable.objects.create(station=unit, name="HeartbeatInterval", value="300", readonly=False, updated_at=NOON)
    assert "Send to charger" not in get(client, tom, "&tab=config")
    technician: User = UserFactory()
    Membership.objects.create(user=technician, operator=operator, role=Role.TECHNICIAN)
    assert "Send to charger" in get(client, technician, "&tab=config")


def test_without_history_there_is_no_uptime(unit):
    assert station.uptime(unit, now=NOON) is None


def test_no_tariff_is_said_in_red(client, olga, unit):
    assert "Free of charge!" in get(client, olga, "&tab=setup")


# ---- long work ---------------------------------------------------------------------------------------------------


def test_a_log_is_asked_for(client, olga, unit):
    client.force_login(olga)
    assert client.post("/ops/stations/CP-0100/logs/", {"span": "day"}).status_code == 302
    assert Command.objects.get().kind == "GetLog"
    assert "asked for" in get(client, olga, "&tab=maintenance")


def test_firmware_is_ordered_once_at_a_time(client, olga, unit):
    client.force_login(olga)
    order = {"url": "https://files.example/fw.bin", "version_expected": "1.4.3"}
    assert client.post("/ops/stations/CP-0100/firmware/", order).status_code == 302
    client.post("/ops/stations/CP-0100/firmware/", order)
    assert Command.objects.get().kind == "UpdateFirmware"
    assert "1.4.3" in get(client, olga, "&tab=maintenance")


def test_not_before_is_the_clock_of_the_place(client, olga, unit):
    unit.location.time_zone = "Europe/Lisbon"
    unit.location.save()
    client.force_login(olga)
    order = {"url": "https://files.example/fw.bin", "retrieve_at": "2026-06-16T02:30"}
    client.post("/ops/stations/CP-0100/firmware/", order)
    assert FirmwareUpdate.objects.get().retrieve_at == datetime(2026, 6, 16, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "file:///etc/passwd", "https://a b", "fw.bin"])
def test_a_wrong_firmware_address_orders_nothing(client, olga, unit, url):
    client.force_login(olga)
    assert client.post("/ops/stations/CP-0100/firmware/", {"url": url}).status_code == 302
    assert Command.objects.count() == 0


def test_carla_gets_neither_log_nor_firmware(client, carla, unit):
    client.force_login(carla)
    for path in ("logs/", "firmware/", "logs/1/", "raw/"):
        answer = client.post(f"/ops/stations/CP-0100/{path}", {"url": "https://x.example/"})
        assert answer.status_code == 404, path
    assert Fault.objects.count() + Command.objects.count() == 0


def test_the_ranges_of_the_strip_are_links(client, olga, unit):
    change(unit, 100, "Available")
    for wanted in tabs.RANGES:
        assert "Connector 1" in get(client, olga, f"&range={wanted}")
    assert get(client, olga, "&range=nonsense")


def test_a_page_asks_the_database_a_bounded_number_of_questions(
    client, olga, unit, dario, django_assert_max_num_queries
):
    charge(unit, dario)
    session_prices.keep(session_ids=ChargingSession.objects.values_list("pk", flat=True))
    client.force_login(olga)
    client.get("/ops/stations/CP-0100/")
    with django_assert_max_num_queries(32):
        client.get("/ops/stations/CP-0100/")
    with django_assert_max_num_queries(25):
        client.get("/ops/stations/CP-0100/", headers={"HX-Request": "true", "HX-Target": "head"})


def test_the_rails_badges_move_by_themselves(client, olga, unit):
    client.force_login(olga)
    faults.report(station_id=unit.pk, kind="faulted", evse_id=2, connector_id=1, code="", at=NOON)
    shown = client.get("/ops/rail/?here=/ops/stations/&lang=en").content.decode()
    assert '<span class="badge hot">1</span>' in shown
    assert 'href="/ops/stations/" aria-current="page"' in shown


def test_a_limit_is_shown_with_what_came_of_it_and_can_be_lifted(client, olga, unit):
    User.objects.filter(pk=olga.pk).update(language="en")
    assert ask(client, olga, "limit", limit="0", hours="1", place="1.1") == 302
    PowerLimit.objects.update(
        status="holds",
        given_w=4_140,
        accepted_at=timezone.now(),
        proved_at=timezone.now(),
        variant='["TxProfile",false,"Relative","A",0,true]',
    )
    page = client.get("/ops/stations/CP-0100/").content.decode()
    assert "Connector 1 is limited to 0.0" in page
    assert "It cannot pause: 4.1" in page
    assert "the charger’s own schedule says so" in page
    Command.objects.all().delete()
    assert ask(client, olga, "lift", **{"power-limit": str(PowerLimit.objects.get().pk)}) == 302
    assert Command.objects.get().kind == "ClearChargingProfile"
    assert "Being lifted" in client.get("/ops/stations/CP-0100/").content.decode()
