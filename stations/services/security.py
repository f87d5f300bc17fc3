"""Security events (1.6 security white paper, 2.0.1 A04): kept."""

from collections.abc import Sequence

from cms.core import rows
from stations.models import SecurityEvent
from stations.vocabulary.events import SecurityEventReported


def report(events: Sequence[SecurityEventReported]) -> None:
    rows.insert(
        SecurityEvent,
        ("station_id", "type", "at", "received_at", "tech_info"),
        [(each.station.id, each.type, each.occurred_at, each.received_at, each.tech_info) for each in events],
    )
