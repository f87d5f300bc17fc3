"""What the device model of a 2.x station announces by itself: NotifyEvent (2.0.1 N07, G01 for AvailabilityState)."""

from collections.abc import Sequence

from stations.diagnostics import faults, playbooks
from stations.diagnostics.findings import Finding
from stations.models import Fault
from stations.services import status
from stations.vocabulary.events import EventsReported, MonitorEvent, StatusReported
from stations.vocabulary.values import WHOLE_STATION, EvseRef

_TRUE = {"true", "1"}
_PROBLEMS = {"Problem", "Tripped", "Overload"}  # variables that any component may have


def report(events: Sequence[EventsReported]) -> None:
    """A connector's availability counts as its StatusNotification would; a problem opens a fault, its end closes it."""
    told = [(event, each) for event in events for each in event.events]
    status.report([_status(event, each) for event, each in told if each.variable == "AvailabilityState"])
    problems = [(event, each) for event, each in told if each.variable in _PROBLEMS or each.tech_code]
    faults.report_all([_finding(event, each) for event, each in problems if not _is_over(each)])
    faults.clear_all({_finding(event, each).key: each.occurred_at for event, each in problems if _is_over(each)})


def _status(event: EventsReported, told: MonitorEvent) -> StatusReported:
    return StatusReported(
        station=event.station,
        received_at=event.received_at,
        message_id=event.message_id,
        version=event.version,
        evse=told.evse or WHOLE_STATION,
        status=told.actual_value,
        occurred_at=told.occurred_at,
    )


def _finding(event: EventsReported, told: MonitorEvent) -> Finding:
    evse, connector = told.evse or EvseRef(0)
    word = told.tech_info if told.tech_info in playbooks.ERRORS else ""
    code = f"{word} {told.tech_code}".strip() or f"{told.component}.{told.variable}"
    place = (evse, connector or 0) if 0 <= evse < 2**31 and 0 <= (connector or 0) < 2**31 else (0, 0)
    return Finding(event.station.id, *place, Fault.Kind.PROBLEM.value, code, told.occurred_at)


def _is_over(told: MonitorEvent) -> bool:
    return told.cleared or (told.variable in _PROBLEMS and told.actual_value.lower() not in _TRUE)
