from .command import Command
from .connection import ConnectionPeriod, Gateway
from .credential import StationCredential
from .dynamic_code import DynamicCode, UsedCode
from .frame import Frame
from .location import Location
from .maintenance import Fault, FirmwareUpdate, LogRequest, SecurityEvent
from .meter import MeterKey
from .station import EVSE, ChargingStation, Connector
from .status import StatusChange
from .unknown import UnknownStation
from .variable import Variable

__all__ = [
    "EVSE",
    "ChargingStation",
    "Command",
    "ConnectionPeriod",
    "Connector",
    "DynamicCode",
    "Fault",
    "FirmwareUpdate",
    "Frame",
    "Gateway",
    "Location",
    "LogRequest",
    "MeterKey",
    "SecurityEvent",
    "StationCredential",
    "StatusChange",
    "UnknownStation",
    "UsedCode",
    "Variable",
]
