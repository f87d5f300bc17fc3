from .evidence import Evidence, OrphanVerdict
from .session import ChargingSession, StartRequest
from .verification import Verification

__all__ = ["ChargingSession", "Evidence", "OrphanVerdict", "StartRequest", "Verification"]
