"""A whole charge, as the simulated station tells it, against a central system made of the `ocpp` package."""

from .conftest import Yard
from .csms import BLOCKED, Csms

TAG = "04A1B2C3"


async def test_a_16_station_boots_and_says_how_every_connector_is(yard: Yard, csms: Csms) -> None:
    await yard.station(password="s3cret:with colon")
    assert csms.actions == ["BootNotification", "StatusNotification", "StatusNotification", "StatusNotification"]
    assert [s["connectorId"] for s in csms.of("StatusNotification")] == [0, 1, 2]
    assert csms.credentials == ["CP-1:s3cret:with colon"]


async def test_a_16_charge_has_a_start_readings_and_a_stop(yard: Yard, csms: Csms) -> None:
    station = await yard.station(registers={1: 5000})
    await station.plug_in(1)
    assert await station.present(TAG)
    await station.charge(kwh=7.5, minutes=30)
    await station.unplug(1)

    (start,) = csms.of("StartTransaction")
    assert start == {"connectorId": 1, "idTag": TAG, "meterStart": 5000, "timestamp": "2026-05-04T08:00:00.000Z"}
    readings = csms.of("MeterValues")
    assert len(readings) == 30
    assert {r["transactionId"] for r in readings} == {101}
    energy = readings[0]["meterValue"][0]["sampledValue"][0]
    assert energy["value"] == "5250"
    assert readings[-1]["meterValue"][0]["timestamp"] == "2026-05-04T08:30:00.000Z"
    (stop,) = csms.of("StopTransaction")
    assert stop == {
        "meterStop": 12500,
        "timestamp": "2026-05-04T08:30:00.000Z",
        "transactionId": 101,
        "reason": "EVDisconnected",
    }
    statuses = [s["status"] for s in csms.of("StatusNotification") if s["connectorId"] == 1]
    assert statuses == ["Available", "Preparing", "Charging", "Finishing", "Available"]


async def test_a_201_charge_numbers_its_events_without_a_gap(yard: Yard, csms: Csms) -> None:
    station = await yard.station(version="2.0.1", dc=True, max_w=150_000, registers={1: 5000})
    await station.plug_in(1)
    await station.present(TAG)
    await station.charge(kwh=30, minutes=20)
    await station.present(TAG)

    events = csms.of("TransactionEvent")
    assert [e["seqNo"] for e in events] == list(range(len(events)))
    assert len({e["transactionInfo"]["transactionId"] for e in events}) == 1
    (started,), (ended,) = csms.events("Started"), csms.events("Ended")
    assert started["idToken"] == {"idToken": TAG, "type": "ISO14443"}
    assert started["evse"] == {"id": 1, "connectorId": 1}
    assert started["meterValue"][0]["sampledValue"][0]["value"] == 5000
    assert ended["meterValue"][0]["sampledValue"][0]["value"] == 35000
    assert (ended["triggerReason"], ended["transactionInfo"]["stoppedReason"]) == ("StopAuthorized", "Local")


async def test_the_same_card_ends_what_it_started(yard: Yard, csms: Csms) -> None:
    station = await yard.station()
    await station.plug_in(2)
    await station.present(TAG)
    await station.present(TAG.lower())
    (stop,) = csms.of("StopTransaction")
    assert (stop["reason"], stop["idTag"]) == ("Local", TAG.lower())


async def test_a_blocked_card_starts_nothing(yard: Yard, csms: Csms) -> None:
    station = await yard.station()
    await station.plug_in(1)
    assert not await station.present(BLOCKED)
    assert csms.of("StartTransaction") == []


async def test_a_card_before_the_cable_starts_when_the_cable_comes(yard: Yard, csms: Csms) -> None:
    station = await yard.station()
    await station.present(TAG, 2)
    assert csms.of("StartTransaction") == []
    await station.plug_in(2)
    assert csms.of("StartTransaction")[0]["connectorId"] == 2


async def test_two_sockets_charge_at_once(yard: Yard, csms: Csms) -> None:
    station = await yard.station()
    for number, tag in ((1, TAG), (2, "04FFFF")):
        await station.plug_in(number)
        await station.present(tag, number)
    await station.charge(kwh={1: 3, 2: 11}, minutes=60)
    for number in (1, 2):
        await station.unplug(number)
    assert [s["meterStop"] for s in csms.of("StopTransaction")] == [3000, 11000]
    assert [s["transactionId"] for s in csms.of("StopTransaction")] == [101, 102]


async def test_a_full_battery_stops_drawing_but_stays_plugged_in(yard: Yard, csms: Csms) -> None:
    from stations.simulator.battery import Car

    station = await yard.station(version="2.0.1", dc=True, max_w=150_000)
    await station.plug_in(1, Car(capacity_wh=40_000, soc=0.7, target=0.8, dc_w=100_000))
    await station.present(TAG)
    await station.charge(minutes=15)
    assert station.connectors[1].register_wh == 4000
    assert station.connectors[1].status == "SuspendedEV"
    told = [e["transactionInfo"]["chargingState"] for e in csms.of("TransactionEvent")]
    assert told[0] == "EVConnected"
    assert told[-1] == "SuspendedEV"
    assert csms.events("Ended") == []


async def test_a_pending_station_asks_again(yard: Yard, csms: Csms) -> None:
    csms.boot_statuses = ["Pending", "Rejected"]
    await yard.station()
    assert csms.actions[:4] == ["BootNotification"] * 3 + ["StatusNotification"]
