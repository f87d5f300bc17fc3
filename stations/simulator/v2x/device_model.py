"""The device model of a simulated 2.x station: what it reports, what may be read and written."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..station import Station

Name = tuple[str, str]
"""Component, variable."""

CONFIGURABLE: Mapping[Name, str] = {
    ("AuthCtrlr", "AuthorizeRemoteStart"): "false",
    ("AuthCtrlr", "LocalAuthorizeOffline"): "true",
    ("OCPPCommCtrlr", "HeartbeatInterval"): "300",
    ("OCPPCommCtrlr", "WebSocketPingInterval"): "0",
    ("SampledDataCtrlr", "TxUpdatedInterval"): "60",
    ("SampledDataCtrlr", "TxUpdatedMeasurands"): "Energy.Active.Import.Register,Power.Active.Import,Current.Import,SoC",
    ("TxCtrlr", "EVConnectionTimeOut"): "90",
    ("TxCtrlr", "StopTxOnEVSideDisconnect"): "true",
}
FIXED: Mapping[Name, str] = {
    ("DeviceDataCtrlr", "ItemsPerMessage"): "50",
    ("LocalAuthListCtrlr", "Entries"): "0",
    ("SecurityCtrlr", "SecurityProfile"): "1",
    ("SmartChargingCtrlr", "RateUnit"): "A,W",
    ("SmartChargingCtrlr", "ProfileStackLevel"): "8",
    ("TxCtrlr", "TxStartPoint"): "PowerPathClosed",
    ("TxCtrlr", "TxStopPoint"): "EVConnected,Authorized",
}
AFTER_REBOOT = {("OCPPCommCtrlr", "WebSocketPingInterval")}


class DeviceModel:
    """Entries are those of GetVariables and SetVariables in the `ocpp` package's snake case. `obey` is called with each
    variable that was changed."""

    def __init__(self, *, obey: Callable[[Name, str], None]) -> None:
        self.variables: dict[Name, str] = {**FIXED, **CONFIGURABLE}
        self._obey = obey

    def read(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        found, status = self._find(entry)
        wanted = entry.get("attribute_type") or "Actual"
        if found and wanted != "Actual":
            status = "NotSupportedAttributeType"
        value = self.variables[found] if found and status == "Accepted" else None
        return {**_place(entry), "attribute_type": wanted, "attribute_status": status, "attribute_value": value}

    def _find(self, entry: Mapping[str, Any]) -> tuple[Name | None, str]:
        """Names compare case-insensitively."""
        component, variable = entry["component"]["name"].lower(), entry["variable"]["name"].lower()
        if not any(known.lower() == component for known, _ in self.variables):
            return None, "UnknownComponent"
        for known in self.variables:
            if (known[0].lower(), known[1].lower()) == (component, variable):
                return known, "Accepted"
        return None, "UnknownVariable"

    def write(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        found, status = self._find(entry)
        if found:
            status = self._configure(found, entry["attribute_value"])
        return {**_place(entry), "attribute_type": entry.get("attribute_type"), "attribute_status": status}

    def _configure(self, name: Name, value: str) -> str:
        if name in FIXED or (self.variables[name].isdigit() and not value.isdigit()):
            return "Rejected"
        self.variables[name] = value
        self._obey(name, value)
        return "RebootRequired" if name in AFTER_REBOOT else "Accepted"

    def inventory(self, station: "Station") -> list[dict[str, Any]]:
        spec = station.spec
        plate = {"VendorName": spec.vendor, "Model": spec.model, "SerialNumber": spec.serial or spec.identity}
        items = [_item({"name": "ChargingStation"}, name, value) for name, value in plate.items()]
        items.append(_item({"name": "ChargingStation"}, "FirmwareVersion", station.firmware))
        for connector in station.connectors.values():
            evse = {"name": "EVSE", "evse": {"id": connector.id}}
            plug = {"name": "Connector", "evse": {"id": connector.id, "connector_id": 1}}
            power = _item(evse, "Power", str(round(connector.power_w)))
            power["variable_characteristics"] |= {"data_type": "decimal", "unit": "W", "max_limit": connector.max_w}
            items += [
                power,
                _item(evse, "SupplyPhases", "1" if connector.dc else "3"),
                _item(evse, "AvailabilityState", "Available"),
                _item(plug, "ConnectorType", "cCCS2" if connector.dc else "sType2"),
            ]
        for (component, variable), value in self.variables.items():
            items.append(_item({"name": component}, variable, value, writable=(component, variable) in CONFIGURABLE))
        return items


def _place(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"component": entry["component"], "variable": entry["variable"]}


def _item(component: Mapping[str, Any], variable: str, value: str, *, writable: bool = False) -> dict[str, Any]:
    return {
        "component": component,
        "variable": {"name": variable},
        "variable_attribute": [{"value": value, "mutability": "ReadWrite" if writable else "ReadOnly"}],
        "variable_characteristics": {
            "data_type": "boolean" if value in ("true", "false") else "integer" if value.isdigit() else "string",
            "supports_monitoring": False,
        },
    }
