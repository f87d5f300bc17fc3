"""What a 2.0.1 station tells: frame → event, reply → answer. Letters and numbers are use cases of OCPP 2.0.1 part 2."""

from typing import Any

from stations.vocabulary import events, replies
from stations.vocabulary.values import WHOLE_STATION, EvseRef, IdToken

from .. import alike, scalars
from ..call import Call, Inbound, Refusal
from . import translate

TRANSACTION_EVENTS = {
    "Started": events.TransactionStarted,
    "Updated": events.TransactionUpdated,
    "Ended": events.TransactionEnded,
}


def authorize(call: Call) -> events.TokenPresented:
    """C01."""
    token = translate.id_token(call.need("idToken"))
    return events.TokenPresented(token=token or IdToken(""), **call.facts())


def boot_notification(call: Call) -> events.StationBooted:
    """B01."""
    told = call.need("chargingStation")
    if "model" not in told:
        call.need("vendorName", told)
    modem = told.get("modem") or {}
    return events.StationBooted(
        epoch=call.line.epoch,
        vendor=scalars.text(told.get("vendorName"), 255),
        model=scalars.text(told.get("model"), 255),
        serial_number=scalars.text(told.get("serialNumber"), 255),
        firmware_version=scalars.text(told.get("firmwareVersion"), 255),
        iccid=scalars.text(modem.get("iccid"), 255),
        imsi=scalars.text(modem.get("imsi"), 255),
        reason=scalars.text(call.payload.get("reason")),
        **call.facts(),
    )


def meter_values(call: Call) -> events.Metered:
    """J01."""
    evse = call.whole("evseId")
    values = translate.readings(call, call.need("meterValue"))
    return events.Metered(evse=EvseRef(evse), readings=values, **call.facts())


def notify_event(call: Call) -> events.EventsReported:
    """N07."""
    seen = tuple(_monitor_event(call, raw) for raw in call.need("eventData"))
    return events.EventsReported(events=seen, **call.facts())


def _monitor_event(call: Call, raw: dict[str, Any]) -> events.MonitorEvent:
    component = translate.component(raw.get("component") or {})
    return events.MonitorEvent(
        event_id=scalars.whole(raw.get("eventId")) or 0,
        occurred_at=call.instant(raw.get("timestamp")),
        trigger=scalars.text(raw.get("trigger")),
        component=component["component"],
        variable=scalars.text((raw.get("variable") or {}).get("name")),
        actual_value=scalars.text(raw.get("actualValue")),
        evse=component["evse"],
        cleared=raw.get("cleared") is True,
        tech_code=scalars.text(raw.get("techCode")),
        tech_info=scalars.text(raw.get("techInfo")),
    )


def notify_report(call: Call) -> events.VariablesReported:
    """B07. A part may be empty."""
    told = call.payload
    values = tuple(value for raw in told.get("reportData") or () for value in _variable_values(raw))
    return events.VariablesReported(
        request_id=call.whole("requestId", high=scalars.LARGE),
        seq_no=scalars.whole(told.get("seqNo")) or 0,
        more=told.get("tbc") is True,
        values=values,
        **call.facts(),
    )


def _variable_values(raw: dict[str, Any]) -> list[events.VariableValue]:
    variable = raw.get("variable") or {}
    place = translate.component(raw.get("component") or {})
    data_type = scalars.text((raw.get("variableCharacteristics") or {}).get("dataType"))
    return [
        events.VariableValue(
            variable=scalars.text(variable.get("name")),
            variable_instance=scalars.text(variable.get("instance")),
            value=None if attribute.get("value") is None else str(attribute["value"]),
            attribute=scalars.text(attribute.get("type")) or "Actual",
            readonly=attribute.get("mutability") == "ReadOnly" if "mutability" in attribute else None,
            data_type=data_type,
            **place,
        )
        for attribute in raw.get("variableAttribute") or ()
    ]


def status_notification(call: Call) -> events.StatusReported:
    """G01. EVSE 0 or connector 0 is the whole station (quirk 30)."""
    evse, connector = call.whole("evseId"), call.whole("connectorId")
    return events.StatusReported(
        evse=EvseRef(evse, connector) if evse and connector else WHOLE_STATION,
        status=scalars.text(call.need("connectorStatus")),
        occurred_at=call.instant(call.payload.get("timestamp")),
        **call.facts(),
    )


def transaction_event(call: Call) -> events.TransactionEvent:
    """E01-E16."""
    told = call.payload
    info = call.need("transactionInfo")
    kind = TRANSACTION_EVENTS.get(call.need("eventType"))
    if kind is None:
        raise Refusal("PropertyConstraintViolation", "eventType is none of Started, Updated, Ended")
    ending: dict[str, Any] = {}
    if kind is events.TransactionEnded:
        ending["reason"] = scalars.text(info.get("stoppedReason")) or "Local"
    return kind(
        transaction_id=scalars.text(call.need("transactionId", info)),
        evse=translate.evse(told.get("evse")),
        token=translate.id_token(told.get("idToken")),
        occurred_at=call.evidence_at(told.get("timestamp")),
        seq_no=scalars.whole(told.get("seqNo")),
        offline=told.get("offline") is True,
        readings=translate.readings(call, told.get("meterValue")),
        trigger=scalars.text(told.get("triggerReason")),
        charging_state=scalars.text(info.get("chargingState")),
        remote_start_id=scalars.whole(info.get("remoteStartId")),
        reservation_id=scalars.whole(told.get("reservationId"), 1),
        **ending,
        **call.facts(),
    )


# ---- answers --------------------------------------------------------------------------------------------------------


def id_token_info(told: replies.Authorization) -> dict[str, Any]:
    """Members beyond the schema's lengths are left out. The group must be told wherever there is one (C09)."""
    info: dict[str, Any] = {"status": told.status}
    if told.expires_at:
        info["cacheExpiryDateTime"] = scalars.timestamp(told.expires_at)
    if 0 < len(told.group) <= 36:
        info["groupIdToken"] = {"idToken": told.group, "type": translate.GROUP_TYPE}
    return info


def authorization(reply: replies.Authorization) -> dict[str, Any]:
    return {"idTokenInfo": id_token_info(reply)}


def boot_answer(reply: replies.BootAnswer) -> dict[str, Any]:
    return {
        "currentTime": scalars.timestamp(reply.current_time),
        "interval": reply.interval,
        "status": reply.status,
    }


def transaction_answer(reply: replies.TransactionAnswer) -> dict[str, Any]:
    """`totalCost` 0 means free, absent means unknown (E02)."""
    answer: dict[str, Any] = {}
    if reply.total_cost is not None:
        answer["totalCost"] = float(reply.total_cost)
    if reply.authorization is not None:
        answer["idTokenInfo"] = id_token_info(reply.authorization)
    return answer


INBOUND = alike.INBOUND | {
    "Authorize": Inbound(authorize, authorization),
    "BootNotification": Inbound(boot_notification, boot_answer),
    "ClearedChargingLimit": Inbound(alike.notice, alike.empty),
    "GetCertificateStatus": Inbound(alike.notice, alike.status("Failed")),
    "MeterValues": Inbound(meter_values, alike.empty),
    "NotifyChargingLimit": Inbound(alike.notice, alike.empty),
    "NotifyCustomerInformation": Inbound(alike.notice, alike.empty),
    "NotifyDisplayMessages": Inbound(alike.notice, alike.empty),
    "NotifyEVChargingNeeds": Inbound(alike.notice, alike.status("Rejected")),
    "NotifyEVChargingSchedule": Inbound(alike.notice, alike.status("Accepted")),
    "NotifyEvent": Inbound(notify_event, alike.empty),
    "NotifyMonitoringReport": Inbound(alike.notice, alike.empty),
    "NotifyReport": Inbound(notify_report, alike.empty),
    "PublishFirmwareStatusNotification": Inbound(alike.notice, alike.empty),
    "ReportChargingProfiles": Inbound(alike.notice, alike.empty),
    "ReservationStatusUpdate": Inbound(alike.notice, alike.empty),
    "StatusNotification": Inbound(status_notification, alike.empty),
    "TransactionEvent": Inbound(transaction_event, transaction_answer),
}
