"""What screens, reports and billing ask of sessions."""

from sessions_app.engine.account import Account

from .account import Break, RegisterPoint, Registers, account_of, registers
from .curve import CurvePoint, curve
from .load import active_by_token
from .now import charging_state
from .periods import CHARGING, PARKING, ChargingPeriod, charging_periods
from .periods import by_session as charging_periods_by_session
from .story import readings, timeline
from .visits import earlier_by_session
from .visits import later as later_in_visit

__all__ = [
    "CHARGING",
    "PARKING",
    "Account",
    "Break",
    "ChargingPeriod",
    "CurvePoint",
    "RegisterPoint",
    "Registers",
    "account_of",
    "active_by_token",
    "charging_periods",
    "charging_periods_by_session",
    "charging_state",
    "curve",
    "earlier_by_session",
    "later_in_visit",
    "readings",
    "registers",
    "timeline",
]
