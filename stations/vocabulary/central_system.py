"""The central system is a dictionary: event type → batch handler. Beside it, what an error of a handler means on the wire."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .replies import Failed, Reply

Handler = Callable[[Sequence[Any]], Sequence[Reply]]
"""Takes all waiting events of its types, returns one reply each, in order."""


class CentralSystem:
    """Groups a batch by handler, in the order of the table, and lets each answer; types with one handler are one group."""

    def __init__(self, handlers: Mapping[type, Handler], refusals: Mapping[type[Exception], str] | None = None) -> None:
        """`refusals`: error type → CALLERROR code (2.x spelling); the first entry that fits counts."""
        self.handlers = dict(handlers)
        self.refusals = dict(refusals or {})

    def handle(self, events: Sequence[Any]) -> list[Reply]:
        """One reply per event, in the order of `events`. Raises what a handler raises, and KeyError for an unknown event."""
        positions: dict[Handler, list[int]] = {}
        for position, event in enumerate(events):
            handler = self.handlers.get(type(event))
            if handler is None:
                raise KeyError(f"no handler for {type(event).__name__}")
            positions.setdefault(handler, []).append(position)
        replies: list[Any] = [None] * len(events)
        for handler in dict.fromkeys(self.handlers.values()):
            if places := positions.get(handler):
                answers = handler([events[place] for place in places])
                if len(answers) != len(places):
                    name = type(events[places[0]]).__name__
                    raise TypeError(f"{name}: {len(places)} events, {len(answers)} replies")
                for place, answer in zip(places, answers, strict=True):
                    replies[place] = answer
        return replies

    def failed(self, error: Exception) -> Failed | None:
        """What a station is told of a handler's error; None for an error that nobody named, a bug."""
        for kind, code in self.refusals.items():
            if isinstance(error, kind):
                return Failed(code, str(error))
        return None


def one_by_one(handle: Callable[[Any], Reply]) -> Handler:
    """A batch handler for rare events: one call per event."""

    def batch(events: Sequence[Any]) -> list[Reply]:
        return [handle(event) for event in events]

    batch.__doc__ = handle.__doc__
    batch.__name__ = handle.__name__
    return batch


def merged(*tables: Mapping[type, Handler]) -> dict[type, Handler]:
    """The rooms' tables as one, in order; two handlers for one event are a mistake."""
    handlers: dict[type, Handler] = {}
    for table in tables:
        if twice := handlers.keys() & table.keys():
            raise ValueError(f"two handlers for {', '.join(sorted(t.__name__ for t in twice))}")
        handlers.update(table)
    return handlers
