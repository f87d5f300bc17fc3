"""The life of sessions: each batch of events is attributed, folded and answered."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from accounts.services.tokens import Verdict
from stations.vocabulary.events import (
    Metered,
    TransactionEnded,
    TransactionEvent,
    TransactionStarted,
    TransactionUpdated,
)
from stations.vocabulary.replies import DONE, Authorization, Done, TransactionAnswer

from . import attribution, authorisation, books, costs, ledger
from .authorisation import Claim
from .books import Held, Home
from .recording import Recording

_TAIL = timedelta(minutes=5)  # readings may be that much younger than the stop of their session


def record(events: Sequence[TransactionEvent]) -> list[TransactionAnswer]:
    """Starts, readings and stops, in the order they came.

    A start is always answered with a transaction id and the honest status of its token (OCPP 1.6 §6); a repeated one gets the
    answer of the first (quirks 34, 35); one on an occupied EVSE is accepted (quirk 36, behaviour 17). Ids that nobody gave out
    are attributed by EVSE (quirks 38, 39). A stop is never refused: repeated ones are boring, late ones merge, those of unknown
    transactions are matched or kept as orphans (quirk 37).
    """
    homes = _homes(events)
    verdicts = _verdicts(events, homes)
    recording = Recording()
    for event, held, verdict in zip(events, homes, verdicts, strict=True):
        if not _is_repeated_start(event, held):
            recording.add(_entry(event, held, verdict), held)
    recording.finish()
    return _answers(events, homes, verdicts, recording)


def meter(events: Sequence[Metered]) -> list[Done]:
    """Readings outside of any transaction belong to the session that runs there, if it is exactly one."""
    recording = Recording()
    for event, held in zip(events, attribution.attribute(events, ()), strict=True):
        recording.add(ledger.of_meter(event, begun=_begun(held)), held)
    recording.finish()
    return [DONE] * len(events)


def _homes(events: Sequence[TransactionEvent]) -> list[Held | None]:
    """The session of each event: known, attributed, or new. Starts begin sessions, and with 2.x whatever is heard first of a
    transaction does (OCPP 2.0.1 E)."""
    known = books.of_events(events)
    new = {home.key: event for event, home in reversed(list(zip(events, known, strict=True))) if _begins(event, home)}
    fresh = books.prepare(sorted(new.items(), key=lambda item: item[0])) if new else {}  # two writers meet in one order
    homes = [home.held if home.held is not None else fresh.get(home.key) for home in known]
    strays = [place for place, event in enumerate(events) if _is_stray(event, homes[place])]
    in_hand = [held for held in homes if held is not None]
    found = attribution.attribute([events[place] for place in strays], in_hand)
    for place, held in zip(strays, found, strict=True):
        homes[place] = held or homes[place]
    return homes


def _begins(event: TransactionEvent, home: Home) -> bool:
    return home.held is None and (isinstance(event, TransactionStarted) or event.seq_no is not None)


def _is_stray(event: TransactionEvent, held: Held | None) -> bool:
    """It names no session that we know, or, with readings from after its end, an old one: stations make up numbers, too
    (quirk 39)."""
    if event.seq_no is not None or isinstance(event, TransactionStarted):
        return False
    if held is None or held.state.stopped_at is None:
        return held is None
    at = ledger.moment(event)
    return isinstance(event, TransactionUpdated) and at > held.state.stopped_at + _TAIL


def _entry(event: TransactionEvent, held: Held | None, verdict: Verdict | None) -> ledger.Entry:
    own_start = held is not None and isinstance(event, TransactionStarted) and event.seq_no is not None
    again = own_start and held.start_key != books.start_key(event)  # type: ignore[union-attr]  # `own_start` has looked
    return ledger.of_transaction(event, verdict.status if verdict else "", again=again, begun=_begun(held))


def _begun(held: Held | None) -> datetime | None:
    """When we heard of it first."""
    return None if held is None else held.state.started_heard


def _is_repeated_start(event: TransactionEvent, held: Held | None) -> bool:
    """A 1.6 start is known by its key: the second one adds nothing, whatever else its message says."""
    return (
        isinstance(event, TransactionStarted) and event.seq_no is None and held is not None and held.event is not event
    )


def _verdicts(events: Sequence[TransactionEvent], homes: Sequence[Held | None]) -> list[Verdict | None]:
    """Every token is verified again; the one that a session charges with must also be free to start (OCPP 2.0.1 C, E03)."""
    shown = [place for place, event in enumerate(events) if event.token is not None]
    if not shown:
        return [None] * len(events)
    asked = [(events[place], events[place].token) for place in shown]
    verdicts: list[Verdict | None] = [None] * len(events)
    for place, verdict in zip(shown, authorisation.verdicts(asked), strict=True):  # type: ignore[arg-type]
        verdicts[place] = verdict
    starting = [place for place in shown if _starts(events[place], homes[place])]
    claims = [
        Claim(verdicts[place], _place(events[place], homes[place]), _is_late(events[place]))  # type: ignore[arg-type]
        for place in starting
    ]
    for place, verdict in zip(starting, authorisation.starting(claims), strict=True):
        verdicts[place] = verdict
        held: Held = homes[place]  # type: ignore[assignment]  # `_starts` has looked
        held.token_id, held.driver_id = verdict.token_id, verdict.driver_id
    return verdicts


def _is_late(event: TransactionEvent) -> bool:
    """It happened while the station was away: the energy is drawn, whatever we say."""
    return event.offline or event.received_at - event.occurred_at > _TAIL


def _starts(event: TransactionEvent, held: Held | None) -> bool:
    if held is None or held.state.token or isinstance(event, TransactionEnded):
        return False
    return not _is_repeated_start(event, held)


def _place(event: TransactionEvent, held: Held) -> books.Place:
    evse = held.state.evse if held.state.evse is not None else event.evse.id if event.evse else None
    return (held.station_id, held.transaction_id if evse is None else evse)


def _answers(
    events: Sequence[TransactionEvent],
    homes: Sequence[Held | None],
    verdicts: Sequence[Verdict | None],
    recording: Recording,
) -> list[TransactionAnswer]:
    late = [
        (event, recording.winners[held.start_key], verdict)
        for event, held, verdict in zip(events, homes, verdicts, strict=True)
        if held is not None and held.start_key in recording.winners and event.seq_no is not None
    ]
    if late:
        again = Recording()
        for event, held, verdict in late:
            again.add(_entry(event, held, verdict), held)
        again.finish()
    found = [held and recording.winners.get(held.start_key, held) for held in homes]
    totals = costs.totals({held.id for event, held in zip(events, found, strict=True) if held and _wants_total(event)})
    return [
        _answer(event, held, verdict, totals.get(held.id) if held else None)
        for event, held, verdict in zip(events, found, verdicts, strict=True)
    ]


def _wants_total(event: TransactionEvent) -> bool:
    """The end of a 2.x transaction is answered with what it cost (OCPP 2.0.1 I03)."""
    return isinstance(event, TransactionEnded) and event.seq_no is not None


def _answer(
    event: TransactionEvent, held: Held | None, verdict: Verdict | None, total: Decimal | None
) -> TransactionAnswer:
    authorization = None
    if event.token is not None and verdict is not None:
        authorization = authorisation.answer(verdict, event.token)
        if held is not None and _is_repeated_start(event, held):
            authorization = Authorization(
                held.state.told or verdict.status, verdict.group, verdict.expires_at, event.token.text
            )
    elif isinstance(event, TransactionStarted) and event.seq_no is None:
        authorization = Authorization(authorisation.UNKNOWN)
    return TransactionAnswer(held.transaction_id if held else event.transaction_id or "", authorization, total)
