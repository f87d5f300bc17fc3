"""What all versions say alike: messages whose members have the same names in 1.6 (security extension included) and 2.x."""

from collections.abc import Callable
from typing import Any

from stations.vocabulary import commands, events, replies

from . import frames, scalars
from .call import Call, Inbound

# ---- told -----------------------------------------------------------------------------------------------------------


def data_transfer(call: Call) -> events.DataTransferred:
    """1.6 §4.3, 2.0.1 P02. `data` may be any JSON."""
    return events.DataTransferred(
        vendor_id=scalars.text(call.need("vendorId")),
        text_id=scalars.text(call.payload.get("messageId")),
        data=scalars.text(call.payload.get("data")),
        **call.facts(),
    )


def firmware_status(call: Call) -> events.FirmwareStatusReported:
    """1.6 §4.5, SignedFirmwareStatusNotification, 2.0.1 L01."""
    status = scalars.text(call.need("status"))
    return events.FirmwareStatusReported(status=status, request_id=_request_id(call), **call.facts())


def heartbeat(call: Call) -> events.HeartbeatSeen:
    """1.6 §4.6, 2.0.1 G02."""
    return events.HeartbeatSeen(**call.facts())


def log_status(call: Call) -> events.LogStatusReported:
    """2.0.1 N01."""
    status = scalars.text(call.need("status"))
    return events.LogStatusReported(status=status, request_id=_request_id(call), **call.facts())


def security_event(call: Call) -> events.SecurityEventReported:
    """2.0.1 A04."""
    return events.SecurityEventReported(
        type=scalars.text(call.need("type")),
        occurred_at=call.instant(call.payload.get("timestamp")),
        tech_info=scalars.text(call.payload.get("techInfo")),
        **call.facts(),
    )


def notice(call: Call) -> events.NoticeReceived:
    return events.NoticeReceived(action=call.action, **call.facts())


def _request_id(call: Call) -> int | None:
    return scalars.whole(call.payload.get("requestId"))


# ---- answered -------------------------------------------------------------------------------------------------------


def empty(reply: replies.Done) -> dict[str, Any]:
    return {}


def current_time(reply: replies.HeartbeatAnswer) -> dict[str, Any]:
    return {"currentTime": scalars.timestamp(reply.current_time)}


def data_answer(reply: replies.DataTransferAnswer) -> dict[str, Any]:
    return {"status": reply.status, "data": reply.data} if reply.data else {"status": reply.status}


def status(word: str) -> Callable[[replies.Done], dict[str, Any]]:
    """An answer that is always the same."""

    def answer(reply: replies.Done) -> dict[str, Any]:
        return {"status": word}

    return answer


INBOUND = {
    "DataTransfer": Inbound(data_transfer, data_answer),
    "FirmwareStatusNotification": Inbound(firmware_status, empty),
    "Heartbeat": Inbound(heartbeat, current_time),
    "LogStatusNotification": Inbound(log_status, empty),
    "SecurityEventNotification": Inbound(security_event, empty),
    "SignCertificate": Inbound(notice, status("Rejected")),  # we run no certificate authority
}


# ---- asked ----------------------------------------------------------------------------------------------------------


def clear_cache(command: commands.ClearCache) -> tuple[str, str]:
    """1.6 §5.4, 2.0.1 C11."""
    return "ClearCache", "{}"


def schedule(command: commands.SetChargingProfile) -> dict[str, Any]:
    """ChargingSchedule with a single period (1.6 §7.13, 2.0.1 K01)."""
    period = {"startPeriod": 0, "limit": command.limit}
    began = {"startSchedule": scalars.second(command.start)} if command.start else {}
    return {"chargingRateUnit": command.unit, "chargingSchedulePeriod": [period]} | began


def profile(command: commands.SetChargingProfile) -> dict[str, Any]:
    """What a ChargingProfile says of itself beside its id and schedule, alike in all versions."""
    ended = {"validTo": scalars.second(command.until)} if command.until else {}
    return {
        "stackLevel": command.stack_level,
        "chargingProfilePurpose": command.purpose,
        "chargingProfileKind": command.kind,
    } | ended


def raw_call(command: commands.RawCall) -> tuple[str, str]:
    """Member for member as it was given."""
    return command.action, frames.compact(command.payload)


def with_profile(payload: dict[str, Any], profile: str | None) -> str:
    """A remote start's payload; the charging profile travels whole, as it was given."""
    text = frames.dumps(payload)
    return text if profile is None else f'{text[:-1]},"chargingProfile":{frames.compact(profile)}}}'
