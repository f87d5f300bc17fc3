from .evidence import Evidence, OrphanVerdict
from .power_limit import PowerHabit, PowerLimit
from .session import ChargingSession, StartRequest
from .verification import Verification

__all__ = ["ChargingSession", "Evidence", "OrphanVerdict", "PowerHabit", "PowerLimit", "StartRequest", "Verification"]
