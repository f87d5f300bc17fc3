"""The configuration keys of a 1.6 charge point (§9)."""

from collections.abc import Callable

READ_ONLY = {
    "GetConfigurationMaxKeys": "50",
    "NumberOfConnectors": "2",
    "SupportedFeatureProfiles": "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger",
    "ChargeProfileMaxStackLevel": "8",
    "ChargingScheduleAllowedChargingRateUnit": "Current,Power",
    "ChargingScheduleMaxPeriods": "24",
    "MaxChargingProfilesInstalled": "16",
    "LocalAuthListMaxLength": "500",
    "SendLocalListMaxLength": "100",
    "SupportedFileTransferProtocols": "HTTP,HTTPS",
}
WRITABLE = {
    "AuthorizeRemoteTxRequests": "false",
    "ClockAlignedDataInterval": "0",
    "ConnectionTimeOut": "90",
    "ConnectorPhaseRotation": "0.RST,1.RST,2.RST",
    "HeartbeatInterval": "300",
    "LocalAuthListEnabled": "true",
    "LocalAuthorizeOffline": "true",
    "LocalPreAuthorize": "false",
    "MeterValuesAlignedData": "",
    "MeterValuesSampledData": "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,SoC",
    "MeterValueSampleInterval": "60",
    "ResetRetries": "1",
    "StopTransactionOnEVSideDisconnect": "true",
    "StopTransactionOnInvalidId": "true",
    "StopTxnAlignedData": "",
    "StopTxnSampledData": "",
    "TransactionMessageAttempts": "5",
    "TransactionMessageRetryInterval": "60",
    "UnlockConnectorOnEVSideDisconnect": "true",
    "WebSocketPingInterval": "0",
}
AFTER_REBOOT = {"WebSocketPingInterval", "ConnectorPhaseRotation"}
NUMBERS = {key for key, value in WRITABLE.items() if value.isdigit()}


class Configuration:
    """`obey` is called with each key that was changed."""

    def __init__(self, *, connectors: int, obey: Callable[[str, str], None]) -> None:
        self._values = {**READ_ONLY, **WRITABLE, "NumberOfConnectors": str(connectors)}
        self._obey = obey

    def __getitem__(self, key: str) -> str:
        return self._values[key]

    def read(self, keys: list[str]) -> tuple[list[tuple[str, bool, str]], list[str]]:
        """(key, read-only, value) of those that exist, and the names of those that do not; no keys means all."""
        known = {name.lower(): name for name in self._values}
        asked = keys or list(self._values)
        found = [known[name.lower()] for name in asked if name.lower() in known]
        unknown = [name for name in asked if name.lower() not in known]
        return [(name, name in READ_ONLY, self._values[name]) for name in found], unknown

    def change(self, key: str, value: str) -> str:
        """Accepted, RebootRequired, Rejected or NotSupported."""
        if key not in self._values:
            return "NotSupported"
        if key in READ_ONLY or (key in NUMBERS and not value.isdigit()):
            return "Rejected"
        self._values[key] = value
        self._obey(key, value)
        return "RebootRequired" if key in AFTER_REBOOT else "Accepted"
