"""Which events of a station this room answers."""

from sessions_app.services import authorisation, sessions
from stations.vocabulary import events
from stations.vocabulary.central_system import Handler

HANDLERS: dict[type, Handler] = {
    events.TokenPresented: authorisation.present,
    events.TransactionStarted: sessions.begin,
    events.TransactionUpdated: sessions.update,
    events.TransactionEnded: sessions.end,
    events.Metered: sessions.meter,
}
