"""NotifyReport, NotifyEvent, security events: what a 2.x station tells of itself (2.0.1 B07, N07, A04)."""

from datetime import timedelta

import pytest

from stations.diagnostics import faults
from stations.models import EVSE, Connector, Fault, SecurityEvent, StatusChange, Variable
from stations.vocabulary.events import (
    EventsReported,
    MonitorEvent,
    SecurityEventReported,
    VariablesReported,
    VariableValue,
)
from stations.vocabulary.replies import DONE
from stations.vocabulary.values import EvseRef
from tests.factories import StationFactory

from .conftest import NOON, cost, ref, status


def part(station, *values: VariableValue, seq_no: int = 0, more: bool = False) -> VariablesReported:
    return VariablesReported(
        station=ref(station),
        received_at=NOON,
        request_id=1,
        seq_no=seq_no,
        more=more,
        values=values,
        version="ocpp2.0.1",
    )


def test_a_report_fills_the_device_model(station, tell):
    first = part(
        station,
        VariableValue("OCPPCommCtrlr", "HeartbeatInterval", "300", readonly=False, data_type="integer"),
        VariableValue("TxCtrlr", "TxStartPoint", "EVConnected,Authorized", attribute="Actual"),
        VariableValue("TxCtrlr", "TxStartPoint", "", attribute="MaxSet"),
        VariableValue("SecurityCtrlr", "BasicAuthPassword", "oops"),
        more=True,
    )
    assert tell(first) == DONE
    tell(part(station, VariableValue("OCPPCommCtrlr", "HeartbeatInterval", "600"), seq_no=1))
    assert Variable.objects.count() == 4
    assert Variable.objects.get(name="HeartbeatInterval").value == "600"
    assert Variable.objects.get(name="BasicAuthPassword").value is None


def test_evses_and_connectors_arise_from_the_report(station, tell):
    tell(
        part(
            station,
            VariableValue("EVSE", "AvailabilityState", "Available", evse=EvseRef(1)),
            VariableValue("EVSE", "Power", "150000", evse=EvseRef(1), attribute="MaxSet"),
            VariableValue("EVSE", "AvailabilityState", "Available", evse=EvseRef(2)),
            VariableValue("Connector", "ConnectorType", "cCCS2", evse=EvseRef(1, 1)),
            VariableValue("Connector", "ConnectorType", "cG105", evse=EvseRef(1, 2)),
            VariableValue("Connector", "ConnectorType", "cSpecial", evse=EvseRef(2, 1)),
            VariableValue("ChargingStation", "Model", "DC150"),
        )
    )
    assert list(EVSE.objects.order_by("evse_id").values_list("evse_id", "max_power_w")) == [(1, 150000), (2, None)]
    standards = Connector.objects.order_by("evse__evse_id", "connector_id").values_list("standard", flat=True)
    assert list(standards) == ["IEC_62196_T2_COMBO", "CHADEMO", ""]


def test_what_an_operator_entered_is_not_overwritten(station, tell):
    told = part(station, VariableValue("Connector", "ConnectorType", "cCCS2", evse=EvseRef(1, 1)))
    tell(told)
    Connector.objects.update(standard="IEC_62196_T2")
    tell(told)
    assert Connector.objects.get().standard == "IEC_62196_T2"


@pytest.mark.parametrize("evse", [EvseRef(-1, 1), EvseRef(2**40, 2**40)])
def test_impossible_places_are_kept_without_a_place(station, tell, evse):
    tell(part(station, VariableValue("Connector", "Available", "true", evse=evse)))
    assert Variable.objects.values_list("evse_id", flat=True).get() == 0
    assert not EVSE.objects.exists()


def test_fifty_parts_cost_as_many_statements_as_one(operator, tell):
    stations = [StationFactory(operator=operator, location=None) for _ in range(51)]
    told = [part(each, VariableValue("Connector", "Available", "true", evse=EvseRef(1, 1))) for each in stations]
    assert cost(lambda: tell(*told[1:])) == cost(lambda: tell(told[0]))


def monitored(station, *told: MonitorEvent) -> EventsReported:
    return EventsReported(station=ref(station), received_at=NOON, events=told, version="ocpp2.0.1")


def test_availability_told_by_an_event_counts_as_a_status(station, tell):
    told = MonitorEvent(1, NOON, "Delta", "Connector", "AvailabilityState", "Occupied", EvseRef(1, 1))
    assert tell(monitored(station, told)) == DONE
    assert Connector.objects.get().status == "Occupied"
    assert StatusChange.objects.get().status == "Occupied"


def test_a_problem_opens_a_fault_and_its_end_closes_it(station, tell):
    problem = MonitorEvent(1, NOON, "Alerting", "PowerContactor", "Problem", "true", EvseRef(1), tech_code="E-117")
    tell(monitored(station, problem))
    fault = Fault.objects.get()
    assert (fault.kind, fault.evse_id, fault.code, fault.closed_at) == ("problem", 1, "E-117", None)
    over = MonitorEvent(2, NOON, "Delta", "PowerContactor", "Problem", "false", EvseRef(1))
    tell(monitored(station, over))
    fault.refresh_from_db()
    assert fault.closed_at == NOON


def incidents() -> list[tuple[str, int, int, str, int, bool]]:
    known = Fault.objects.order_by("id").values_list("kind", "evse_id", "connector_id", "code", "hits", "closed_at")
    return [(*row[:5], row[5] is None) for row in known]


def trouble(evse: EvseRef, value: str = "true", **more: object) -> MonitorEvent:
    return MonitorEvent(1, NOON, "Alerting", "Connector", "Problem", value, evse, **more)


@pytest.mark.parametrize("connector", [1, None])
@pytest.mark.parametrize("status_first", [True, False])
def test_what_the_status_and_the_device_model_say_of_one_place_is_one_incident(station, tell, status_first, connector):
    said = [
        status(station, "Faulted"),
        monitored(station, trouble(EvseRef(1, connector), tech_code="E-117", tech_info="PowerSwitchFailure")),
    ]
    for each in said if status_first else reversed(said):
        tell(each)
    assert incidents() == [("faulted", 1, 1, "PowerSwitchFailure E-117", 1, True)]
    # told again, and again by the sweep: still the one
    tell(*said)
    faults.find(now=NOON)
    assert [row[:4] for row in incidents()] == [("faulted", 1, 1, "PowerSwitchFailure E-117")]
    # its end by the device model is not the end: the place is still Faulted
    tell(monitored(station, trouble(EvseRef(1, connector), "false")))
    assert incidents()[0][-1]
    tell(status(station, "Available", at=NOON + timedelta(minutes=1)))
    assert [row[-1] for row in incidents()] == [False]


def test_both_in_one_batch_are_one_incident_and_another_place_is_another(station, tell):
    tell(
        status(station, "Faulted"),
        monitored(station, trouble(EvseRef(2, 1), tech_code="E-2"), trouble(EvseRef(1, 1), tech_code="E-1")),
    )
    assert sorted(incidents()) == [("faulted", 1, 1, "E-1", 1, True), ("problem", 2, 1, "E-2", 1, True)]


def test_an_ordinary_event_is_only_in_the_journal(station, tell):
    tell(monitored(station, MonitorEvent(1, NOON, "Periodic", "FiscalMetering", "EnergyImport", "12.5", EvseRef(1))))
    assert not Fault.objects.exists()
    assert not Connector.objects.exists()


def test_security_events_are_kept(station, tell):
    told = SecurityEventReported(
        station=ref(station),
        received_at=NOON,
        type="TamperDetectionActivated",
        occurred_at=NOON,
        tech_info="lid <b>open",
    )
    assert tell(told) == DONE
    event = SecurityEvent.objects.get()
    assert (event.type, event.at, event.tech_info) == ("TamperDetectionActivated", NOON, "lid <b>open")
