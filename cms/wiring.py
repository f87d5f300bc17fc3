"""Where the wire and the rooms meet: one table of handlers, one central system."""

import billing.handlers
import sessions_app.handlers
import stations.handlers
from cms.core import errors
from stations.vocabulary.central_system import CentralSystem, merged

REFUSALS = {
    errors.Invalid: "PropertyConstraintViolation",
    errors.Forbidden: "SecurityError",
    errors.Unavailable: "InternalError",
    errors.DomainError: "GenericError",
}
"""What a station is told when a handler raises a DomainError: CALLERROR with this code."""

csms = CentralSystem(
    merged(stations.handlers.HANDLERS, sessions_app.handlers.HANDLERS, billing.handlers.HANDLERS), REFUSALS
)
