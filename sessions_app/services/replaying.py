"""Telling sessions again from their evidence: the proof that the books say what the stations said."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from cms.core import energy, rows
from cms.core.fields import EnergyField
from sessions_app.engine import project, reduce
from sessions_app.engine.project import Projection
from sessions_app.models import ChargingSession
from sessions_app.models.session import SessionQuerySet

from . import ledger

CHUNK = 500


class Difference(NamedTuple):
    """A column whose row is not what the evidence says."""

    session_id: int
    column: str
    kept: Any
    told: Any


_ENERGIES = frozenset(field.name for field in ChargingSession._meta.fields if isinstance(field, EnergyField))


def replay(sessions: SessionQuerySet, *, write: bool) -> Iterator[Difference]:
    """Tells each session again and yields what differs, in the order of ids; with `write` the rows follow the evidence.
    Memory stays flat: one chunk at a time, each in its own transaction."""
    after = 0
    while True:
        with transaction.atomic():
            chunk = list(
                sessions.filter(pk__gt=after).order_by("pk").select_for_update(no_key=True, of=("self",))[:CHUNK]
            )
            differences = list(_retell(chunk, write=write))
        yield from differences
        if len(chunk) < CHUNK:
            return
        after = chunk[-1].pk


def compare(sessions: Sequence[ChargingSession]) -> Iterator[Difference]:
    """What differs between these rows and their evidence. Reads only."""
    return _retell(sessions, write=False)


def _retell(sessions: Sequence[ChargingSession], *, write: bool) -> Iterator[Difference]:
    evidence = ledger.read([session.pk for session in sessions])
    changed: list[tuple[Any, ...]] = []
    for session in sessions:
        if session.pk not in evidence:
            yield Difference(session.pk, "evidence", "a session", "nothing")
            continue
        state = reduce.retell(evidence[session.pk])
        told = project.project(state)
        differences = list(_compare(session, told))
        if session.state != (text := state.dump()):
            differences.append(Difference(session.pk, "state", session.state, text))
        if differences:
            changed.append((session.pk, *told, text, timezone.now()))
        yield from differences
    if write:
        rows.update(ChargingSession, ["id"], [*Projection._fields, "state", "updated_at"], changed)


def _compare(session: ChargingSession, told: Projection) -> Iterator[Difference]:
    for column, value in zip(Projection._fields, told, strict=True):
        kept = getattr(session, column)
        if column in _ENERGIES and kept is not None:
            kept = energy.to_mwh(kept)
        if kept != value:
            yield Difference(session.pk, column, kept, value)
