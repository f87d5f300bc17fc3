"""What a station can tell us. Every event of a station carries `station`; those with a clock of their own carry
`occurred_at` (the station's, UTC) beside `received_at` (ours). `message_id` leads back to the journal."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from .values import EvseRef, Frame, IdToken, Reading, StationRef

# ---- the door -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StationKnocked:
    """A WebSocket handshake. Answered by Admitted or Refused; `version` is the subprotocol we would speak, e.g. "ocpp1.6".

    None: no common subprotocol. Then only the answer counts (404, 401, or Admitted and closed at once); nobody comes online.
    """

    identity: str
    authorization: bytes | None
    version: str | None
    gateway: str
    remote: str = ""
    certificate: str = ""
    """The common name of the client certificate that a trusted proxy has verified."""


@dataclass(frozen=True, slots=True)
class StationGone:
    """A socket closed. Ignored for presence if a newer epoch has been admitted since."""

    station: StationRef
    epoch: int


@dataclass(frozen=True, slots=True)
class FramesSeen:
    """Journal lines of one batch, written in the batch's own transaction."""

    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class OutboxOpened:
    """The outbox of an online station wants its next command. Answered by NextCommand (None when there is nothing).

    `booted` is True once the connection saw a BootNotification, any CALL, or 20 s: only then automatic commands go out.
    """

    station: StationRef
    epoch: int
    version: str
    booted: bool = True


@dataclass(frozen=True, slots=True)
class OutboxesPolled:
    """Every few seconds a gateway asks which of its stations have pending commands, in case a bell was missed.
    Answered by WorkWaiting."""

    stations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CommandSent:
    """A command was encoded and goes on the wire once this is committed: wire `action` and `payload` (JSON text as sent)."""

    station: StationRef
    command: int
    action: str
    payload: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class CommandSettled:
    """The end of one of our CALLs. `payload` is the CALLRESULT payload verbatim (JSON text); `error` code/description/details."""

    station: StationRef
    command: int
    outcome: Literal["result", "error", "timeout", "closed"]
    payload: str | None = None
    error_code: str = ""
    error_description: str = ""
    error_details: str = "{}"


@dataclass(frozen=True, slots=True)
class GatewayAlive:
    """A gateway process says every 15 s that it is there. With `started` it is new: sockets held under its name are gone."""

    gateway: str
    started: bool = False


# ---- hardware -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StationEvent:
    station: StationRef
    received_at: datetime
    message_id: str = ""
    version: str = "ocpp1.6"
    anomalies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StationBooted(StationEvent):
    """BootNotification (1.6 §4.2, 2.0.1 B01). Missing texts are ""."""

    epoch: int = 0
    vendor: str = ""
    model: str = ""
    serial_number: str = ""
    firmware_version: str = ""
    iccid: str = ""
    imsi: str = ""
    meter_type: str = ""
    meter_serial_number: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatSeen(StationEvent):
    """Heartbeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReported(StationEvent):
    """StatusNotification. `status` is the protocol's own word (1.6: nine, 2.x: five); evse (0, None) is the station."""

    evse: EvseRef
    status: str
    error_code: str = "NoError"
    info: str = ""
    vendor_id: str = ""
    vendor_error_code: str = ""
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTransferred(StationEvent):
    vendor_id: str
    text_id: str = ""
    data: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareStatusReported(StationEvent):
    status: str
    request_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStatusReported(StationEvent):
    """DiagnosticsStatusNotification (1.6) or LogStatusNotification, in 2.x words (Uploading, Uploaded, UploadFailure, Idle …)."""

    status: str
    request_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEventReported(StationEvent):
    type: str
    occurred_at: datetime
    tech_info: str = ""


@dataclass(frozen=True, slots=True)
class VariableValue:
    """One attribute of one variable of the device model (2.x), or one configuration key (1.6: component "", variable = key)."""

    component: str
    variable: str
    value: str | None
    component_instance: str = ""
    variable_instance: str = ""
    evse: EvseRef | None = None
    attribute: str = "Actual"
    readonly: bool | None = None
    data_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VariablesReported(StationEvent):
    """One NotifyReport part (2.0.1 B07). `more` is its `tbc`."""

    request_id: int
    seq_no: int
    more: bool
    values: tuple[VariableValue, ...]


@dataclass(frozen=True, slots=True)
class MonitorEvent:
    event_id: int
    occurred_at: datetime
    trigger: str
    component: str
    variable: str
    actual_value: str
    evse: EvseRef | None = None
    cleared: bool = False
    tech_code: str = ""
    tech_info: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsReported(StationEvent):
    """NotifyEvent (2.0.1 N07)."""

    events: tuple[MonitorEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeReceived(StationEvent):
    """Any other notification of the negotiated version that asks for nothing but an empty answer; the journal keeps it."""

    action: str


# ---- charging -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPresented(StationEvent):
    """Authorize."""

    token: IdToken


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionEvent(StationEvent):
    """What the three transaction events share. `transaction_id` is None where the station does not know it yet (1.6 start).

    `evse` is None where the message does not say. `meter_wh` is meterStart/meterStop of 1.6 in Wh.
    """

    occurred_at: datetime
    transaction_id: str | None = None
    evse: EvseRef | None = None
    token: IdToken | None = None
    seq_no: int | None = None
    offline: bool = False
    meter_wh: Decimal | None = None
    readings: tuple[Reading, ...] = ()
    trigger: str = ""
    charging_state: str = ""
    remote_start_id: int | None = None
    reservation_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionStarted(TransactionEvent):
    """StartTransaction, TransactionEvent(Started)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionUpdated(TransactionEvent):
    """MeterValues with a transactionId (1.6), TransactionEvent(Updated)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionEnded(TransactionEvent):
    """StopTransaction, TransactionEvent(Ended). `reason` as sent, "Local" where OCPP lets the station omit it."""

    reason: str = "Local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered(StationEvent):
    """MeterValues that name no transaction."""

    evse: EvseRef
    readings: tuple[Reading, ...] = field(default=())
