"""Which events of a station this room answers."""

from sessions_app.services import authorisation, sessions
from stations.vocabulary import events
from stations.vocabulary.central_system import Handler

HANDLERS: dict[type, Handler] = {
    events.TokenPresented: authorisation.present,
    events.TransactionStarted: sessions.record,
    events.TransactionUpdated: sessions.record,
    events.TransactionEnded: sessions.record,
    events.Metered: sessions.meter,
}
