"""What stations of 2.x say when they are asked about a session in doubt (GetTransactionStatus, OCPP 2.0.1 E14).

One that is over may still have messages in the station's queue (quirk 54): it stays open until they have come. Where nothing
waits any more, there is nothing to wait for.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson

from cms.core.errors import Conflict
from sessions_app.models import ChargingSession
from stations.models import Command
from stations.services import commands
from stations.vocabulary.commands import RawCall

ACTION = "GetTransactionStatus"
AGAIN_AFTER = timedelta(hours=2)
HOLDS_FOR = timedelta(hours=6)  # an answer that is older says nothing of today


class Answer(NamedTuple):
    """`ongoing` None: the station did not say."""

    at: datetime
    ongoing: bool | None
    queued: bool

    @property
    def more_to_come(self) -> bool:
        return self.queued or self.ongoing is True

    @property
    def nothing_to_come(self) -> bool:
        return not self.queued and self.ongoing is False


def ask(*, now: datetime) -> int:
    """Asks connected stations of 2.x about each session in doubt, now and then again. Returns how many questions were asked."""
    doubtful = list(
        ChargingSession.objects.active()
        .filter(review__contains="silent", station__online=True, station__ocpp_version__startswith="2")
        .select_related("station")
        .order_by("pk")
    )
    asked = {(one.station_id, _transaction(one)) for one in _questions(doubtful, since=now - AGAIN_AFTER)}
    count = 0
    for session in doubtful:
        if (session.station_id, session.transaction_id) in asked:
            continue
        payload = orjson.dumps({"transactionId": session.transaction_id}).decode()
        try:
            commands.request(station=session.station, command=RawCall(ACTION, payload), by=None, automatic=True)
        except Conflict:  # it went offline, or changed its version, a moment ago
            continue
        count += 1
    return count


def answers(sessions: Sequence[ChargingSession], *, now: datetime) -> dict[int, Answer]:
    """The newest answer about each, if there is one that still holds. One query."""
    by_name = {(session.station_id, session.transaction_id): session.pk for session in sessions}
    found: dict[int, Answer] = {}
    for command in _questions(sessions, since=now - HOLDS_FOR):
        told = _object(command.response)
        session = by_name.get((command.station_id, _transaction(command)))
        if session is not None and command.completed_at and isinstance(told.get("messagesInQueue"), bool):
            ongoing = told.get("ongoingIndicator")
            found[session] = Answer(
                command.completed_at, ongoing if isinstance(ongoing, bool) else None, told["messagesInQueue"]
            )
    return found


def _questions(sessions: Sequence[ChargingSession], *, since: datetime) -> list[Command]:
    """Oldest first."""
    stations = {session.station_id for session in sessions}
    if not stations:
        return []
    return list(Command.objects.filter(station__in=stations, action=ACTION, created_at__gt=since).order_by("id"))


def _transaction(command: Command) -> str:
    return str(_object(command.payload).get("transactionId", ""))


def _object(text: str | None) -> dict[str, Any]:
    try:
        told = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}
