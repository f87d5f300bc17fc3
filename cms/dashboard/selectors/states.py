"""The state tokens in SQL, as `cms.templatetags.ui.state_token` decides them in Python."""

from typing import Any

from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When

from cms.templatetags.ui import STATES, state_token
from sessions_app.models import ChargingSession
from stations.models import Connector

_STATUSES = (
    "Available",
    "Charging",
    "Preparing",
    "SuspendedEV",
    "SuspendedEVSE",
    "Finishing",
    "Occupied",
    "Reserved",
    "Unavailable",
    "Faulted",
)


def charging_sessions() -> QuerySet[ChargingSession]:
    """Active sessions that deliver energy, in the words of 2.x (1.6 connectors say Charging themselves)."""
    return ChargingSession.objects.active().filter(Q(charging_state="Charging") | Q(power_w__gt=0))


def with_state(connectors: QuerySet[Connector]) -> QuerySet[Any]:
    """Annotates `state`: one of the seven tokens."""
    charges = charging_sessions().filter(station=OuterRef("evse__station"), evse_id=OuterRef("evse__evse_id"))
    return connectors.annotate(
        state=Case(
            When(evse__station__online=False, then=Value("offline")),
            When(Q(status="Occupied") & Exists(charges), then=Value("charging")),
            *(When(status=status, then=Value(state_token(status))) for status in _STATUSES),
            default=Value("offline"),
            output_field=CharField(),
        )
    )


def in_order(counts: dict[str, int]) -> list[tuple[str, int]]:
    """All seven tokens in the ribbon's order."""
    return [(token, counts.get(token, 0)) for token in STATES]
