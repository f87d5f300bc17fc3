from .evidence import Evidence, OrphanVerdict
from .feedback import Feedback
from .power_limit import PowerHabit, PowerLimit
from .session import ChargingSession, StartRequest
from .verification import Verification

__all__ = [
    "ChargingSession",
    "Evidence",
    "Feedback",
    "OrphanVerdict",
    "PowerHabit",
    "PowerLimit",
    "StartRequest",
    "Verification",
]
