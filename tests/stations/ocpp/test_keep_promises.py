"""What a 1.6 station may rely on whatever it says (behaviour.md 2, 7-9, 11, 13-17): frames against the central system as it is."""

from typing import Any

import orjson
import pytest
from ocpp.v16 import enums

from cms.wiring import csms
from sessions_app.models import ChargingSession
from stations.models import ChargingStation, Connector
from stations.ocpp import router
from stations.ocpp.call import Line
from stations.ocpp.versions import VERSIONS
from stations.vocabulary.values import StationRef
from tests.factories import TokenFactory

from .world import NOBODY_ASKS, NOW

AT = "2026-05-01T08:30:00Z"


class Wire:
    """Says a call, hears the text of its answer."""

    def __init__(self, station: ChargingStation) -> None:
        self.line = Line(StationRef(station.pk, station.operator_id, station.identity), 1, VERSIONS["ocpp1.6"])

    def say(self, action: str, **payload: Any) -> str:
        text = orjson.dumps([2, "m1", action, payload]).decode()
        heard = router.read(router.Envelope(self.line, text, NOW, 0, []), NOBODY_ASKS)
        return heard.finish(csms.handle([heard.event])[0])[0]

    def ask(self, action: str, **payload: Any) -> Any:
        kind, message_id, answer = orjson.loads(self.say(action, **payload))
        assert (kind, message_id) == (3, "m1")
        return answer

    def start(self, tag: str = "04A1B2C3", **more: Any) -> Any:
        return self.ask(
            "StartTransaction", **{"connectorId": 1, "idTag": tag, "meterStart": 1200, "timestamp": AT} | more
        )


@pytest.fixture
def wire(station: ChargingStation) -> Wire:
    return Wire(station)


@pytest.fixture(autouse=True)
def cards(operator: Any) -> None:
    for uid in ("04A1B2C3", "04D4E5F6"):
        TokenFactory(operator=operator, uid=uid, max_active_sessions=None)


def test_2_answers_are_compact(wire):
    assert wire.say("StatusNotification", connectorId=1, errorCode="NoError", status="Available") == '[3,"m1",{}]'
    assert wire.say("Authorize", idTag="04A1B2C3") == '[3,"m1",{"idTagInfo":{"status":"Accepted"}}]'


@pytest.mark.parametrize("connector", [0, 1, 2])
def test_7_every_status_and_error_code_is_answered(wire, connector):
    for status in enums.ChargePointStatus:
        assert wire.ask("StatusNotification", connectorId=connector, errorCode="NoError", status=status) == {}
    for error in enums.ChargePointErrorCode:
        assert wire.ask("StatusNotification", connectorId=connector, errorCode=error, status="Faulted") == {}
    if connector:
        assert Connector.objects.values_list("status", "error_code").get() == ("Faulted", "WeakSignal")


def test_8_a_data_transfer_is_answered_with_a_status_of_the_enumeration(wire):
    for data in ("", "text", '{"a":1}'):
        answer = wire.ask("DataTransfer", vendorId="com.example", messageId="m", data=data)
        assert answer["status"] in list(enums.DataTransferStatus)


def test_9_every_firmware_and_diagnostics_status_is_answered_though_nobody_asked(wire):
    for status in enums.FirmwareStatus:
        assert wire.ask("FirmwareStatusNotification", status=status) == {}
    for status in enums.DiagnosticsStatus:
        assert wire.ask("DiagnosticsStatusNotification", status=status) == {}


def test_11_a_refused_authorize_leaves_no_session(wire):
    assert wire.ask("Authorize", idTag="NOBODY") == {"idTagInfo": {"status": "Invalid"}}
    assert not ChargingSession.objects.exists()


@pytest.mark.parametrize("reason", list(enums.Reason))
def test_12_to_14_a_charge_ends_with_the_stations_time_and_its_word(wire, reason):
    began = wire.start()
    number = began["transactionId"]
    assert began == {"idTagInfo": {"status": "Accepted"}, "transactionId": number}
    assert ChargingSession.objects.values_list("transaction_id", "status").get() == (str(number), "active")
    value = {"timestamp": AT, "sampledValue": [{"value": "1250"}]}
    assert wire.ask("MeterValues", connectorId=1, transactionId=number, meterValue=[value]) == {}
    stop = {"transactionId": number, "meterStop": 2200, "timestamp": "2026-05-01T09:00:00Z", "reason": reason}
    assert wire.ask("StopTransaction", **stop) == {}
    session = ChargingSession.objects.get()
    assert (session.status, session.stop_reason, session.energy) == ("completed", reason, 1000)
    assert session.stopped_at.isoformat() == "2026-05-01T09:00:00+00:00"


def test_16_another_accepted_tag_on_a_reserved_connector_is_accepted_and_recorded(wire):
    wire.ask("StatusNotification", connectorId=1, errorCode="NoError", status="Reserved")
    assert wire.start("04D4E5F6", reservationId=7)["idTagInfo"] == {"status": "Accepted"}
    assert ChargingSession.objects.get().id_tag == "04D4E5F6"


def test_17_a_start_after_one_that_was_never_stopped_is_accepted(wire):
    first = wire.start()["transactionId"]
    second = wire.start(timestamp="2026-05-01T10:00:00Z", meterStart=5000)
    assert second["idTagInfo"] == {"status": "Accepted"}
    assert second["transactionId"] != first
    assert ChargingSession.objects.get(status="active").transaction_id == str(second["transactionId"])
