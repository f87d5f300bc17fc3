"""What the 2.0.1 schemas cannot say about mending a frame."""

from typing import Any

BUSY_IN_16 = {"Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing"}


def old_status(payload: dict[str, Any], anomalies: list[str]) -> dict[str, Any]:
    """A 1.6 word for a connector in use is Occupied."""
    if payload.get("connectorStatus") in BUSY_IN_16:
        return payload | {"connectorStatus": "Occupied"}
    return payload


REPAIRS = {"StatusNotification": old_status}
