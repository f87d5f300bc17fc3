"""Where the wire and the rooms meet: one table of handlers, one central system."""

import billing.handlers
import sessions_app.handlers
import stations.handlers
from stations.vocabulary.central_system import CentralSystem, merged

csms = CentralSystem(merged(stations.handlers.HANDLERS, sessions_app.handlers.HANDLERS, billing.handlers.HANDLERS))
