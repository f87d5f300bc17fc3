"""What a topic is, and who may listen.

| topic | moves when | who |
|---|---|---|
| `operator:<pk>` | anything at the operator's network moves (at most every 3 s) | its members |
| `station:<pk>` | presence, status, commands, sessions, jobs, faults of a station | members of its operator |
| `messages:<pk>` | a station said something | the same |
| `session:<pk>` | a charge moves | members, and its driver |
| `start:<public token>` | a remote start or its charge moves | whoever has the secret link |
| `jobs:<user pk>` | a file of this person is written, or failed | that person |
| `evse:<uid>` | the state of a public socket | everybody |
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from typing import Any

from django.contrib.auth.models import AnonymousUser

from accounts import access
from accounts.models import User
from sessions_app.models import ChargingSession, StartRequest
from stations.models import EVSE, ChargingStation

Viewer = User | AnonymousUser
MOST = 200  # topics of one page


def group(topic: str) -> str:
    """The channel layer's name of a topic: its own names know no ":" or "*" and end at 100 characters."""
    return "live." + hashlib.blake2b(topic.encode(), digest_size=16).hexdigest()


def of(kind: str, key: Any) -> str:
    return f"{kind}:{key}"


def allowed(viewer: Viewer, asked: Iterable[Any]) -> set[str]:
    """Those of the asked topics that this viewer may hear; strangers' and malformed ones are left out silently."""
    by_kind: dict[str, set[str]] = defaultdict(set)
    for topic in list(asked)[:MOST]:
        if isinstance(topic, str):
            kind, _colon, key = topic.partition(":")
            by_kind[kind].add(key)
    return {
        of(kind, key) for kind, keys in by_kind.items() if kind in _LISTENERS for key in _LISTENERS[kind](viewer, keys)
    }


def _numbers(keys: Collection[str]) -> list[int]:
    return [int(key) for key in keys if key.isascii() and key.isdecimal() and len(key) < 19]


def _looked_after(viewer: Viewer) -> set[int]:
    """Operators whose stations this person sees: a host of a site does not."""
    roles = viewer.roles().items() if isinstance(viewer, User) else ()
    return {operator for operator, role in roles if role in access.ALLOWED["station.view"]}


def _operators(viewer: Viewer, keys: Collection[str]) -> Iterable[Any]:
    return set(_numbers(keys)) & _looked_after(viewer)


def _stations(viewer: Viewer, keys: Collection[str]) -> Iterable[Any]:
    seen = ChargingStation.objects.filter(operator__in=_looked_after(viewer))
    return seen.filter(pk__in=_numbers(keys)).values_list("pk", flat=True)


def _sessions(viewer: Viewer, keys: Collection[str]) -> Iterable[Any]:
    if not isinstance(viewer, User):
        return ()
    wanted = ChargingSession.objects.filter(pk__in=_numbers(keys))
    mine = wanted.filter(driver__user=viewer).values_list("pk", flat=True)
    seen = wanted.filter(operator__in=_looked_after(viewer))
    return {*seen.values_list("pk", flat=True), *mine}


def _starts(viewer: Viewer, keys: Collection[str]) -> Iterable[Any]:
    return StartRequest.objects.filter(public_token__in=keys).values_list("public_token", flat=True)


def _jobs(viewer: Viewer, keys: Collection[str]) -> Iterable[Any]:
    return {viewer.pk} & set(_numbers(keys)) if isinstance(viewer, User) else ()


def _evses(viewer: Viewer, keys: Collection[str]) -> Iterable[Any]:
    public = EVSE.objects.filter(uid__in=keys, station__location__public=True, station__archived_at=None)
    return public.values_list("uid", flat=True)


_LISTENERS: dict[str, Callable[[Viewer, Collection[str]], Iterable[Any]]] = {
    "operator": _operators,
    "station": _stations,
    "messages": _stations,
    "session": _sessions,
    "start": _starts,
    "jobs": _jobs,
    "evse": _evses,
}
