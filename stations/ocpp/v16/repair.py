"""What the 1.6 schemas cannot say about mending a frame."""

from typing import Any


def other_error(payload: dict[str, Any], anomalies: list[str]) -> dict[str, Any]:
    """An errorCode of the vendor's own becomes OtherError and moves to vendorErrorCode (quirk 25)."""
    if "enum:errorCode" not in anomalies:
        return payload
    original = payload["errorCode"]
    return payload | {"errorCode": "OtherError", "vendorErrorCode": payload.get("vendorErrorCode") or original}


REPAIRS = {"StatusNotification": other_error}
