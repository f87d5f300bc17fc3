"""What a 1.6 station tells: frame → event, reply → answer. Chapter numbers are those of OCPP 1.6 edition 2."""

from typing import Any

from stations.vocabulary import events, replies
from stations.vocabulary.values import EvseRef

from .. import alike, scalars
from ..call import Call, Inbound
from . import translate


def authorize(call: Call) -> events.TokenPresented:
    """§4.1."""
    token = translate.id_token(call.need("idTag"))
    return events.TokenPresented(token=token or translate.IdToken(""), **call.facts())


def boot_notification(call: Call) -> events.StationBooted:
    """§4.2. Of vendor and model one is enough; the serial number has two names."""
    told = call.payload
    if "chargePointModel" not in told:
        call.need("chargePointVendor")
    return events.StationBooted(
        epoch=call.line.epoch,
        vendor=scalars.text(told.get("chargePointVendor"), 255),
        model=scalars.text(told.get("chargePointModel"), 255),
        serial_number=scalars.text(told.get("chargePointSerialNumber") or told.get("chargeBoxSerialNumber"), 255),
        firmware_version=scalars.text(told.get("firmwareVersion"), 255),
        iccid=scalars.text(told.get("iccid"), 255),
        imsi=scalars.text(told.get("imsi"), 255),
        meter_type=scalars.text(told.get("meterType"), 255),
        meter_serial_number=scalars.text(told.get("meterSerialNumber"), 255),
        **call.facts(),
    )


def diagnostics_status(call: Call) -> events.LogStatusReported:
    """§4.4."""
    status = scalars.text(call.need("status"))
    return events.LogStatusReported(status=translate.LOG_STATUS.get(status, status), **call.facts())


def meter_values(call: Call) -> events.TransactionUpdated | events.Metered:
    """§4.7. Belongs to a transaction only if it names a usable one."""
    told = call.payload
    values = translate.readings(call, call.need("meterValue"))
    transaction = translate.transaction_id(told.get("transactionId"))
    if transaction is None:
        return events.Metered(evse=translate.evse(call.whole("connectorId")), readings=values, **call.facts())
    return events.TransactionUpdated(
        transaction_id=transaction,
        evse=_evse(call),
        occurred_at=values[-1].at if values else call.received_at,
        readings=values,
        **call.facts(),
    )


def start_transaction(call: Call) -> events.TransactionStarted:
    """§4.8. Only the tag and the connector are indispensable: whatever else is wrong, it must get its transaction id."""
    told = call.payload
    call.need("connectorId")
    return events.TransactionStarted(
        token=translate.id_token(call.need("idTag")) or translate.IdToken(""),
        evse=_evse(call),
        occurred_at=call.evidence_at(told.get("timestamp")),
        meter_wh=_meter(call, "meterStart"),
        reservation_id=scalars.whole(told.get("reservationId"), 1),  # 0 means none (quirk 40)
        **call.facts(),
    )


def status_notification(call: Call) -> events.StatusReported:
    """§4.9. The timestamp is optional."""
    told = call.payload
    given = told.get("timestamp")
    return events.StatusReported(
        evse=translate.evse(call.whole("connectorId")),
        status=scalars.text(call.need("status")),
        error_code=scalars.text(told.get("errorCode")) or "NoError",
        info=scalars.text(told.get("info")),
        vendor_id=scalars.text(told.get("vendorId")),
        vendor_error_code=scalars.text(told.get("vendorErrorCode")),
        occurred_at=call.received_at if given is None else call.instant(given),
        **call.facts(),
    )


def stop_transaction(call: Call) -> events.TransactionEnded:
    """§4.10. The id as sent, also 0 and −1 (quirk 37)."""
    told = call.payload
    identifier = call.need("transactionId")
    number = scalars.whole(identifier, -scalars.LARGE)
    return events.TransactionEnded(
        transaction_id=scalars.text(identifier) if number is None else str(number),
        token=translate.id_token(told.get("idTag")),
        occurred_at=call.evidence_at(told.get("timestamp")),
        meter_wh=_meter(call, "meterStop"),
        reason=scalars.text(told.get("reason")) or "Local",
        readings=translate.readings(call, told.get("transactionData")),
        **call.facts(),
    )


def _evse(call: Call) -> EvseRef | None:
    connector = scalars.whole(call.payload.get("connectorId"), 0, scalars.SMALL)
    if connector is None:
        call.anomalies.append("connector")
        return None
    return translate.evse(connector)


def _meter(call: Call, name: str) -> scalars.Decimal | None:
    """Wh; fractions are kept (quirk 43)."""
    number = scalars.decimal(call.payload.get(name))
    if number is None:
        call.anomalies.append(name)
    return number


# ---- answers --------------------------------------------------------------------------------------------------------


def id_tag_info(told: replies.Authorization) -> dict[str, Any]:
    """Members beyond the schema's lengths are left out."""
    info: dict[str, Any] = {}
    if told.expires_at:
        info["expiryDate"] = scalars.timestamp(told.expires_at)
    if 0 < len(told.group) <= 20:
        info["parentIdTag"] = told.group
    said = "Blocked" if told.status == "NoCredit" else told.status  # 1.6 has no word for it; Invalid would say: unknown
    info["status"] = said if said in translate.AUTHORIZATION else "Invalid"
    return info


def authorization(reply: replies.Authorization) -> dict[str, Any]:
    return {"idTagInfo": id_tag_info(reply)}


def boot_answer(reply: replies.BootAnswer) -> dict[str, Any]:
    return {
        "status": reply.status,
        "currentTime": scalars.timestamp(reply.current_time),
        "interval": reply.interval,
    }


def start_answer(reply: replies.TransactionAnswer) -> dict[str, Any]:
    if reply.authorization is None:
        raise TypeError("a 1.6 start is answered with an authorization")
    return {"idTagInfo": id_tag_info(reply.authorization), "transactionId": int(reply.transaction_id)}


def stop_answer(reply: replies.TransactionAnswer) -> dict[str, Any]:
    return {"idTagInfo": id_tag_info(reply.authorization)} if reply.authorization else {}


INBOUND = alike.INBOUND | {
    "Authorize": Inbound(authorize, authorization),
    "BootNotification": Inbound(boot_notification, boot_answer),
    "DiagnosticsStatusNotification": Inbound(diagnostics_status, alike.empty),
    "MeterValues": Inbound(meter_values, alike.empty),
    "SignedFirmwareStatusNotification": Inbound(alike.firmware_status, alike.empty),
    "StartTransaction": Inbound(start_transaction, start_answer),
    "StatusNotification": Inbound(status_notification, alike.empty),
    "StopTransaction": Inbound(stop_transaction, stop_answer),
}
