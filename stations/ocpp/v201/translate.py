"""Shapes of 2.0.1 ↔ values of the vocabulary. Pure."""

from typing import Any

from stations.vocabulary.values import EvseRef, IdToken, Reading, Sample

from .. import frames, scalars
from ..call import Call

REGISTER = "Energy.Active.Import.Register"
GROUP_TYPE = "Central"
TOKEN_TYPE = "ISO14443"  # noqa: S105 (of a token whose type nobody told us)


def evse(value: Any) -> EvseRef | None:
    """EVSEType; None where it is missing or has no usable id."""
    if not isinstance(value, dict):
        return None
    number = scalars.whole(value.get("id"), 0, scalars.SMALL)
    return None if number is None else EvseRef(number, scalars.whole(value.get("connectorId"), 0, scalars.SMALL))


def evse_type(evse: EvseRef) -> dict[str, Any]:
    return {"id": evse.id} if evse.connector is None else {"id": evse.id, "connectorId": evse.connector}


def id_token(value: Any) -> IdToken | None:
    """IdTokenType. A NoAuthorization token has an empty text (quirk 56)."""
    if not isinstance(value, dict):
        return None
    return IdToken(scalars.text(value.get("idToken")), scalars.text(value.get("type")) or None)


def id_token_type(token: IdToken) -> dict[str, Any]:
    return {"idToken": token.text, "type": token.type or TOKEN_TYPE}


def readings(call: Call, values: Any) -> tuple[Reading, ...]:
    """`meterValue`, without the samples that cannot be read and the readings without samples."""
    found = []
    for value in values if isinstance(values, list) else ():
        at = call.evidence_at(value.get("timestamp"))
        samples = tuple(sample for raw in value.get("sampledValue", ()) for sample in _samples(raw, call.anomalies))
        if samples:
            found.append(Reading(at, samples))
    return tuple(found)


def _samples(raw: dict[str, Any], anomalies: list[str]) -> list[Sample]:
    """A number and its signature are two samples."""
    measure = raw.get("unitOfMeasure") or {}
    measurand = raw.get("measurand") or REGISTER
    unit = measure.get("unit") or ("Wh" if measurand.startswith("Energy.") else None)
    context, location = raw.get("context") or "Sample.Periodic", raw.get("location") or "Outlet"
    multiplier = scalars.whole(measure.get("multiplier", 0), -30, 30)
    value = scalars.decimal(raw.get("value"))
    found = []
    if value is None or multiplier is None:
        anomalies.append("sample")
    else:
        found.append(Sample(measurand, value, unit, raw.get("phase"), context, location, multiplier))
    if signed := raw.get("signedMeterValue"):
        text = frames.dumps(signed)
        found.append(Sample(measurand, None, unit, raw.get("phase"), context, location, multiplier or 0, text))
    return found


def component(value: dict[str, Any]) -> dict[str, Any]:
    """ComponentType as members of VariableValue."""
    return {
        "component": scalars.text(value.get("name")),
        "component_instance": scalars.text(value.get("instance")),
        "evse": evse(value.get("evse")),
    }
