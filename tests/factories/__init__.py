"""Worlds to test in."""

from .accounts import DriverFactory, OperatorFactory, TokenFactory, UserFactory
from .stations import ConnectorFactory, EvseFactory, LocationFactory, StationFactory

__all__ = [
    "ConnectorFactory",
    "DriverFactory",
    "EvseFactory",
    "LocationFactory",
    "OperatorFactory",
    "StationFactory",
    "TokenFactory",
    "UserFactory",
]
