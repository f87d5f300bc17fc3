"""Each quirk, as it looks on the wire."""

import pytest

from stations.simulator import behaviours

from .conftest import Yard
from .csms import Csms

TAG = "04A1B2C3"


async def charge(yard: Yard, *quirks: str, version: str = "1.6") -> None:
    station = await yard.station(version=version, quirks=quirks, registers={1: 26008})
    await station.plug_in(1)
    await station.present(TAG)
    await station.charge(kwh=2, minutes=2)
    await station.present(TAG)


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_q34_repeats_the_start(yard: Yard, csms: Csms, version: str) -> None:
    await charge(yard, "Q34", version=version)
    starts = csms.of("StartTransaction") if version == "1.6" else csms.events("Started")
    assert len(starts) == 3
    assert starts[0] == starts[1] == starts[2]


async def test_q35_starts_again_after_the_stop(yard: Yard, csms: Csms) -> None:
    await charge(yard, "Q35")
    charging = [a for a in csms.actions if a.endswith("Transaction")]
    assert charging == ["StartTransaction", "StopTransaction", "StartTransaction"]


async def test_q36_never_tells_the_stop(yard: Yard, csms: Csms) -> None:
    await charge(yard, "Q36")
    assert csms.of("StopTransaction") == []


async def test_q37_stops_a_transaction_of_no_number(yard: Yard, csms: Csms) -> None:
    await charge(yard, "Q37")
    assert csms.of("StopTransaction")[0]["transactionId"] == -1


async def test_q38_meters_with_the_greatest_number(yard: Yard, csms: Csms) -> None:
    await charge(yard, "Q38")
    assert csms.of("MeterValues")[0]["transactionId"] == 9223372036854775807


async def test_q39_meters_with_a_number_of_its_own(yard: Yard, csms: Csms) -> None:
    await charge(yard, "Q39")
    assert csms.of("MeterValues")[0]["transactionId"] > 1_700_000_000


async def test_q40_says_that_no_reservation_is_number_0(yard: Yard, csms: Csms) -> None:
    await charge(yard, "Q40")
    assert csms.of("StartTransaction")[0]["reservationId"] == 0


async def test_q41_sends_null_for_nothing(yard: Yard, csms: Csms) -> None:
    station = await yard.station(quirks=("Q41",))
    await station.speaker.heartbeat()
    assert csms.of("Heartbeat") == [None]


async def test_q42_stops_without_a_card(yard: Yard, csms: Csms) -> None:
    await charge(yard, "Q42")
    assert "idTag" not in csms.of("StopTransaction")[0]


async def test_q43_stops_with_a_fraction_of_a_wh(yard: Yard, csms: Csms) -> None:
    await charge(yard, "Q43")
    assert csms.of("StopTransaction")[0]["meterStop"] == 28008.333


async def test_q47_accepts_a_remote_start_and_does_nothing(yard: Yard, csms: Csms) -> None:
    station = await yard.station(quirks=("Q47",))
    await station.plug_in(1)
    answer = await csms.ask("CP-1", "RemoteStartTransaction", id_tag=TAG, connector_id=1)
    await station.until(lambda: station.connectors[1].locked_for is None)

    assert (answer.status, station.connectors[1].transaction) == ("Accepted", None)
    assert csms.of("StartTransaction") == []


async def test_q60_tells_kwh_and_no_unit(yard: Yard, csms: Csms) -> None:
    await charge(yard, "Q60")
    energy = csms.of("MeterValues")[-1]["meterValue"][0]["sampledValue"][0]
    assert energy["value"] == "28.01"
    assert "unit" not in energy


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_a_clock_that_was_never_set_stands_in_1970(yard: Yard, csms: Csms, version: str) -> None:
    await charge(yard, "clock-1970", version=version)
    last = csms.of("StopTransaction") if version == "1.6" else csms.events("Ended")
    assert last[0]["timestamp"] == "1970-01-01T00:02:00.000Z"


async def test_duplicates_are_sent_with_ids_of_their_own(yard: Yard, csms: Csms) -> None:
    await charge(yard, "duplicates")
    assert [len(csms.of(a)) for a in ("StartTransaction", "MeterValues", "StopTransaction")] == [2, 4, 2]


async def test_quirks_combine(yard: Yard, csms: Csms) -> None:
    await charge(yard, "Q34", "Q37", "Q60")
    assert len(csms.of("StartTransaction")) == 3
    assert csms.of("StopTransaction")[0]["transactionId"] == -1


def test_an_unknown_quirk_is_named() -> None:
    with pytest.raises(ValueError, match=r"unknown quirk Q99; there are Q27, .*Q34"):
        behaviours.named(["Q34", "Q99"])


async def test_a_201_fault_is_explained_and_called_off_again(yard: Yard, csms: Csms) -> None:
    station = await yard.station(version="2.0.1")
    await station.fault(1, "GroundFailure", "F-08")
    await station.clear(1)
    words = [s["connectorStatus"] for s in csms.of("StatusNotification") if s["evseId"] == 1]
    assert words == ["Available", "Faulted", "Available"]
    first, second = (event["eventData"][0] for event in csms.of("NotifyEvent"))
    assert (first["techCode"], first["actualValue"]) == ("F-08", "true")
    assert (second["cleared"], second["actualValue"]) == (True, "false")
