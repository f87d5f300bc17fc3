"""Wrong passwords at the stations' door, per identity and source address, in the memory of the process.

A station with a wrong password tries for ever, and must come in at once when it has the right one. So nobody is locked out: a
wrong answer comes later and later, and whoever asks again before it came is told so, without a look at his password (429). A
guesser gets one guess in LONGEST_S; a station waits for its answer anyway.
"""

import asyncio
from collections import Counter
from time import monotonic
from typing import NamedTuple

FREE = 3  # wrong passwords that are answered at once
LONGEST_S = 4.0  # servers give up a handshake after 5 s
FORGET_S = 900.0
MOST = 10_000  # pairs remembered

pause = asyncio.sleep


class Attempt(NamedTuple):
    identity: str
    remote: str


class Guesses:
    def __init__(self) -> None:
        self._wrong: dict[Attempt, tuple[int, float]] = {}  # how often, and when last; the oldest first
        self._asking: Counter[Attempt] = Counter()

    def begin(self, attempt: Attempt) -> bool:
        """False while an earlier attempt of the same pair waits for its answer. Whoever was never wrong may try a few at once."""
        if self._asking[attempt] >= (1 if attempt in self._wrong else FREE):
            return False
        self._asking[attempt] += 1
        return True

    def end(self, attempt: Attempt) -> None:
        self._asking[attempt] -= 1
        if not self._asking[attempt]:
            del self._asking[attempt]

    def wrong(self, attempt: Attempt) -> float:
        """Seconds to wait before saying so."""
        count, last = self._wrong.pop(attempt, (0, 0.0))
        now = monotonic()
        count = count + 1 if now - last < FORGET_S else 1
        self._wrong[attempt] = (count, now)
        if len(self._wrong) > MOST:
            del self._wrong[next(iter(self._wrong))]
        return 0.0 if count <= FREE else min(LONGEST_S, 2.0 ** (count - FREE - 1))

    def right(self, attempt: Attempt) -> None:
        self._wrong.pop(attempt, None)
