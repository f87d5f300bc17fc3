"""What a rule or a station finds wrong, and the rule that makes one fault of all that is said of one place."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from stations.models import Fault

Kind = Fault.Kind
Key = tuple[int, int, int, str]  # station, evse_id, connector_id (0, 0 = the whole station), kind
KEY = ("station_id", "evse_id", "connector_id", "kind")


class Finding(NamedTuple):
    """Something is wrong at this place. `code` is the station's word for it; `hits` 0: a second witness of what is known."""

    station_id: int
    evse_id: int
    connector_id: int
    kind: str
    code: str
    at: datetime
    hits: int = 1

    @property
    def key(self) -> Key:
        return self.station_id, self.evse_id, self.connector_id, self.kind


def in_one_place(findings: Sequence[Finding]) -> list[Finding]:
    """A 2.x station says Faulted by its status and which fault by NotifyEvent (N07), in either order: one fault of kind FAULTED.

    It ends with the status. A component of an EVSE that names no connector is at each of them. Faults of kind PROBLEM that
    turn out to be such are changed on the spot.
    """
    stations = {finding.station_id for finding in findings if finding.kind in (Kind.FAULTED, Kind.PROBLEM)}
    if not stations:
        return list(findings)
    found = Fault.objects.filter(station__in=stations, closed_at=None, kind__in=(Kind.FAULTED, Kind.PROBLEM))
    opened: dict[Key, int] = {tuple(key): pk for pk, *key in found.order_by(*KEY).values_list("id", *KEY)}
    return [_at_home(finding, opened) for finding in findings]


def _at_home(finding: Finding, opened: dict[Key, int]) -> Finding:
    if finding.kind == Kind.PROBLEM:
        place = next((key for key in opened if key[3] == Kind.FAULTED and _is_at(finding, key)), None)
        return finding if place is None else finding._replace(connector_id=place[2], kind=place[3], hits=0)
    if finding.kind != Kind.FAULTED or finding.key in opened:
        return finding
    for connector in (finding.connector_id, 0):
        problem = opened.pop((finding.station_id, finding.evse_id, connector, Kind.PROBLEM.value), None)
        if problem is not None:
            Fault.objects.filter(pk=problem).update(kind=Kind.FAULTED, connector_id=finding.connector_id)
            opened[finding.key] = problem
            return finding._replace(hits=0)
    return finding


def _is_at(finding: Finding, key: Key) -> bool:
    return key[:2] == finding[:2] and finding.connector_id in (0, key[2])
