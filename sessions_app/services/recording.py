"""Taking evidence in: fold it into its session, keep it, write the session once.

A fixed number of statements per batch, whatever its size. Evidence that arrives late makes its session be told again from
everything that is stored; a repetition is not stored twice.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sessions_app.engine import reduce
from sessions_app.engine.evidence import BOUNDED, Evidence, place
from sessions_app.engine.state import State
from sessions_app.lifecycle import ACTIVE

from . import books, ledger, proofs, starts
from .books import Held, Place
from .ledger import Entry

_PROMPT = timedelta(minutes=2)


class Recording:
    """One batch at work: `add` each piece of evidence with its session (None: nobody's), then `finish`."""

    def __init__(self) -> None:
        self.orphans: list[Entry] = []
        self.touched: dict[int, Held] = {}
        self.new: dict[int, list[Entry]] = defaultdict(list)
        self.late: dict[int, list[Entry]] = {}
        self.placed: list[Held] = []
        self.winners: dict[str, Held] = {}
        self.again: set[int] = set()

    def retell(self, held: Held) -> None:
        """Its stored evidence has changed (a person gave it an orphan): it is told again although nothing new is written."""
        self.touched[held.id] = held
        self.late.setdefault(held.id, [])
        self.again.add(held.id)

    def add(self, entry: Entry, held: Held | None) -> None:
        if held is None:
            self.orphans.append(entry)
            return
        self.touched[held.id] = held
        if held.id in self.late:
            self.late[held.id].append(entry)
            return
        standing = reduce.standing(held.state, entry.evidence)
        if standing == reduce.KNOWN:
            return
        if standing == reduce.LATE:
            self.late[held.id] = [entry]
            return
        before = _standing(held.state)
        reduce.take(held.state, entry.evidence)
        self.new[held.id].append(entry)
        self._place(held, before)

    def say(self, kind: str, held: Held, **facts: Any) -> None:
        """Adds what we noticed or decided about a session ourselves; `facts` as in `ledger.of_ours`."""
        entry = ledger.of_ours(kind, station_id=held.station_id, transaction_id=held.transaction_id, **facts)
        self.add(entry, held)

    def finish(self) -> None:
        """Writes sessions and evidence. `winners` then holds the sessions of other writers that were quicker with a key."""
        self._retell()
        known = self._insert_fresh()
        self._bound()  # only now: before, a session of a quicker writer would look like another one at the same place
        books.save(h for i, h in self.touched.items() if i in self.again or len(self.new[i]) > known.get(i, 0))
        ledger.write(self._rows())
        changed = [held for i, held in self.touched.items() if i in self.again or self.new[i]]
        begun = [held for held in changed if held.has_begun]
        starts.match(begun)
        proofs.seen(begun=begun, ended=[held for held in changed if held.has_ended])
        books.announce(changed)

    def _insert_fresh(self) -> dict[int, int]:
        """How many pieces of evidence each new session was inserted with."""
        fresh = [held for held in self.touched.values() if held.fresh]
        self.winners = books.insert(fresh)
        for held in fresh:
            if held.start_key in self.winners:
                del self.touched[held.id]
                self.new.pop(held.id, None)
        self.placed = [held for held in self.placed if held.id in self.touched]
        return {held.id: len(self.new[held.id]) for held in fresh if held.id in self.touched}

    def _rows(self) -> Iterable[tuple[Entry, int | None]]:
        rows: list[tuple[Entry, int | None]] = [(entry, None) for entry in self.orphans]
        for session_id, entries in self.new.items():
            rows += [(entry, session_id) for entry in entries]
        return rows

    def _retell(self) -> None:
        if not self.late:
            return
        stored = ledger.read(self.late)
        for session_id, entries in self.late.items():
            known: list[Evidence] = stored.get(session_id, []) + [entry.evidence for entry in self.new[session_id]]
            places = {place(one) for one in known}
            for entry in entries:
                where = place(entry.evidence)
                if where not in places:
                    places.add(where)
                    known.append(entry.evidence)
                    self.new[session_id].append(entry)
            held = self.touched[session_id]
            before = _standing(held.state)
            held.state = reduce.retell(known)
            self._place(held, before)

    def _place(self, held: Held, before: tuple[bool, str]) -> None:
        """Takes note of a session that has come to its EVSE just now, or runs there again."""
        had_place, status = before
        resumed = status != ACTIVE and held.state.status == ACTIVE
        if held.state.evse is not None and (resumed or not had_place):
            self.placed.append(held)

    def _bound(self) -> None:
        """A session that begins where another still runs is the proof that the other's stop was lost (quirks 36, 57)."""
        if not self.placed:
            return
        running = {held.id: held for held in books.active_at(held.station_id for held in self.placed)}
        running |= {i: held for i, held in self.touched.items() if held.state.status == ACTIVE or held.fresh}
        neighbours: dict[Place, list[Held]] = defaultdict(list)
        for held in running.values():
            neighbours[held.place].append(held)
        for held in self.placed:
            for other in neighbours[held.place]:
                if other.id != held.id:
                    self._bound_pair(held, other)
            if held.state.status == ACTIVE and _is_old_news(held) and (follower := books.begun_after(held)):
                self._add_bound(held, follower)
            if held.state.bounded_at:
                self._tighten(held)

    def _bound_pair(self, one: Held, two: Held) -> None:
        first, second = sorted((one, two), key=lambda held: (held.state.started_at, held.id))
        if first.state.status == ACTIVE:
            self._add_bound(first, second)

    def _tighten(self, late: Held) -> None:
        """It began between two others and is told last: it is the nearer bound of the first."""
        for earlier in books.ended_without_stop(late):
            first = self.touched.get(earlier.id, earlier)
            if first.state.bounded_at and first.state.bounded_at > late.began:
                self._add_bound(first, late)

    def _add_bound(self, first: Held, second: Held) -> None:
        state = second.state
        if state.started_at is None or state.started_heard is None:
            return
        told = {"occurred_at": state.started_at, "received_at": state.started_heard, "meter": state.meter_start}
        self.say(BOUNDED, self.touched.get(first.id, first), **told)


def _standing(state: State) -> tuple[bool, str]:
    return state.evse is not None, state.status


def _is_old_news(held: Held) -> bool:
    """It began long before we heard of it, or had been given up: another may have come and gone at its EVSE since."""
    heard = held.state.started_heard
    return held.state.aged_at is not None or (heard is not None and heard - held.began > _PROMPT)
