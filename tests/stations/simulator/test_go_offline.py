"""What happens to a charge when the line breaks: nothing is lost, everything arrives in order."""

from .conftest import Yard
from .csms import BLOCKED, Csms

TAG = "04A1B2C3"


async def test_a_charge_made_offline_is_told_in_order_when_the_line_is_back(yard: Yard, csms: Csms) -> None:
    station = await yard.station()
    await station.drop()
    await station.plug_in(1)
    assert await station.present(TAG)
    await station.charge(kwh=1, minutes=3)
    await station.unplug(1)
    assert csms.of("StartTransaction") == []
    assert len(station.line.queue) == 5

    heard = len(csms.calls)
    await station.connect()
    assert csms.actions[heard:] == [
        "StatusNotification", "StatusNotification", "StatusNotification",
        "StartTransaction", "MeterValues", "MeterValues", "MeterValues", "StopTransaction",
    ]  # fmt: skip
    assert csms.of("StartTransaction")[0]["timestamp"] == "2026-05-04T08:00:00.000Z"
    assert csms.of("StopTransaction")[0]["transactionId"] == 101
    assert {m["transactionId"] for m in csms.of("MeterValues")} == {101}
    assert not station.line.queue


async def test_a_201_station_marks_what_happened_offline(yard: Yard, csms: Csms) -> None:
    station = await yard.station(version="2.0.1")
    await station.plug_in(1)
    await station.present(TAG)
    await station.charge(kwh=1, minutes=2)
    await station.drop()
    await station.charge(kwh=1, minutes=2)
    await station.connect()
    await station.unplug(1)
    events = csms.of("TransactionEvent")
    assert [e["seqNo"] for e in events] == list(range(len(events)))
    assert [e["timestamp"][14:19] for e in events if e.get("offline")] == ["03:00", "04:00"]


async def test_a_start_whose_answer_got_lost_is_sent_again(yard: Yard, csms: Csms) -> None:
    station = await yard.station()
    await station.plug_in(1)
    csms.gives_up_on = "StartTransaction"
    await station.present(TAG)
    assert not station.online
    assert csms.of("StartTransaction") == []
    await station.connect()
    assert len(csms.of("StartTransaction")) == 1
    assert station.connectors[1].transaction.id == "101"


async def test_a_start_made_offline_by_a_blocked_card_ends_when_the_central_system_hears_of_it(
    yard: Yard, csms: Csms
) -> None:
    station = await yard.station()
    await station.drop()
    await station.plug_in(1)
    assert await station.present(BLOCKED)
    await station.connect()
    (stop,) = csms.of("StopTransaction")
    assert stop["reason"] == "DeAuthorized"


async def test_a_transaction_survives_the_simulation_being_switched_off(yard: Yard, csms: Csms) -> None:
    from datetime import timedelta
    from decimal import Decimal

    from stations.simulator.hardware import Resumed

    from .conftest import MORNING

    ten = timedelta(minutes=10)
    resumed = Resumed(
        connector=2,
        transaction_id="77",
        token=TAG,
        started_at=MORNING - ten,
        last_at=MORNING,
        meter_start=Decimal(1000),
    )
    station = await yard.station(resumed=(resumed,), registers={2: Decimal(3000)})
    await station.charge(kwh=1, minutes=5)
    await station.unplug(2)
    (stop,) = csms.of("StopTransaction")
    assert (stop["transactionId"], stop["meterStop"]) == (77, 4000)


async def test_a_transaction_of_long_ago_ends_with_the_power_cut(yard: Yard, csms: Csms) -> None:
    from datetime import timedelta
    from decimal import Decimal

    from stations.simulator.hardware import Resumed

    from .conftest import MORNING

    yesterday = MORNING - timedelta(days=1)
    resumed = Resumed(
        connector=1, transaction_id="77", token=TAG, started_at=yesterday, last_at=yesterday, meter_start=Decimal(1000)
    )
    station = await yard.station(resumed=(resumed,), registers={1: Decimal(3000)})
    await station.end_stale()
    (stop,) = csms.of("StopTransaction")
    assert stop["timestamp"] == "2026-05-03T08:00:00.000Z"
    assert (stop["reason"], stop["meterStop"], stop["transactionId"]) == ("PowerLoss", 3000, 77)
