from .evidence import Evidence
from .session import ChargingSession, StartRequest

__all__ = ["ChargingSession", "Evidence", "StartRequest"]
