"""Which events of a station this room answers."""

from stations.vocabulary.central_system import Handler

HANDLERS: dict[type, Handler] = {}
