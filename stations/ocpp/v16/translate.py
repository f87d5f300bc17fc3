"""1.6 words and shapes ↔ those of 2.x. Pure."""

from typing import Any

from stations.vocabulary.values import WHOLE_STATION, EvseRef, IdToken, Reading, Sample

from .. import scalars
from ..call import Call

AUTHORIZATION = {"Accepted", "Blocked", "Expired", "ConcurrentTx"}
"""What 1.6 can say of a token beside Invalid."""

LOG_STATUS = {"UploadFailed": "UploadFailure"}

TRIGGERS = {
    "BootNotification": "BootNotification",
    "DiagnosticsStatusNotification": "DiagnosticsStatusNotification",
    "LogStatusNotification": "DiagnosticsStatusNotification",
    "FirmwareStatusNotification": "FirmwareStatusNotification",
    "Heartbeat": "Heartbeat",
    "MeterValues": "MeterValues",
    "StatusNotification": "StatusNotification",
}
"""requestedMessage in 2.x words → 1.6."""

PURPOSES = {"ChargingStationMaxProfile": "ChargePointMaxProfile"}
"""chargingProfilePurpose in 2.x words → 1.6, where they differ."""

RESETS = {"Immediate": "Hard", "OnIdle": "Soft"}

REGISTER = "Energy.Active.Import.Register"
MEASURED_BY_UNIT = {
    "W": "Power.Active.Import",
    "kW": "Power.Active.Import",
    "A": "Current.Import",
    "V": "Voltage",
    "Percent": "SoC",
    "Celsius": "Temperature",
    "Celcius": "Temperature",
    "Fahrenheit": "Temperature",
    "K": "Temperature",
    "Hertz": "Frequency",
    "Hz": "Frequency",
}
"""What a sample without a measurand must be: the register only if its unit agrees (quirk 72)."""


def evse(connector: int) -> EvseRef:
    """Connector n is EVSE n with one connector; 0 is the whole station."""
    return EvseRef(connector, 1) if connector else WHOLE_STATION


def transaction_id(value: Any) -> str | None:
    """A transaction that a meter value names; None for the ways to say "none" (0, −1, 2⁶³−1, quirks 37 and 38)."""
    number = scalars.whole(value, 1, scalars.LARGE - 1)
    return None if number is None else str(number)


def id_token(value: Any) -> IdToken | None:
    found = scalars.text(value)
    return IdToken(found) if found else None


def readings(call: Call, values: Any) -> tuple[Reading, ...]:
    """`meterValue` or `transactionData`, without the samples that cannot be read and the readings without samples."""
    found = []
    for value in values if isinstance(values, list) else ():
        at = call.evidence_at(value.get("timestamp"))
        samples = tuple(sample for raw in value.get("sampledValue", ()) if (sample := _sample(raw, call.anomalies)))
        if samples:
            found.append(Reading(at, samples))
    return tuple(found)


def _sample(raw: dict[str, Any], anomalies: list[str]) -> Sample | None:
    unit = raw.get("unit")
    measurand = raw.get("measurand") or (MEASURED_BY_UNIT.get(unit, REGISTER) if unit else REGISTER)
    value = signed = None
    if raw.get("format") == "SignedData":
        signed = scalars.text(raw.get("value"))
    else:
        value = scalars.decimal(raw.get("value"))
        if value is None:
            anomalies.append("sample")
            return None
    if unit is None and measurand.startswith("Energy."):
        unit = "Wh"
    return Sample(
        measurand,
        value,
        unit,
        raw.get("phase"),
        raw.get("context") or "Sample.Periodic",
        raw.get("location") or "Outlet",
        0,
        signed,
    )
