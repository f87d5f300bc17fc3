"""A fleet that lives: charges begin, end, are cut off; sockets drop and queues come later, twice, out of order; meters begin
anew; our sweeps and the rating run in between. Whatever happens, every true charge is one session, and its energy is the
truth's or a person is asked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from time_machine import travel

from accounts.models import Operator
from billing.models import CDR
from billing.services.charges import rating
from cms.core import energy
from cms.wiring import csms
from sessions_app.engine import energy as engine
from sessions_app.engine.state import State
from sessions_app.models import ChargingSession
from sessions_app.services import replaying, silence
from stations.vocabulary.events import TransactionEnded, TransactionStarted, TransactionUpdated
from stations.vocabulary.values import EvseRef, IdToken, Reading, Sample
from tests.factories import OperatorFactory, StationFactory, TokenFactory

from .telling import MORNING, REGISTER, Teller, Teller2, reading

TOLERANCE = 10_000  # mWh: what the engine calls rounding
DAY = 24 * 60


@dataclass
class Charge:
    """What truly happened. `wh` is the energy, `register` what the meter shows, minutes count from MORNING."""

    number: int
    evse: int
    began: int
    register: int
    wh: int = 0
    over: bool = False
    reset: bool = False
    transaction: str = ""
    seq: int = 0
    start: Callable[[int], Any] | None = None


@dataclass
class Pole:
    """A station: its meter, its charges, and what it has yet to send: (charge, message, is it only a reading)."""

    teller: Teller
    shows: Callable[[datetime, int], Reading] = reading
    charges: list[Charge] = field(default_factory=list)
    running: dict[int, Charge] = field(default_factory=dict)
    registers: dict[int, int] = field(default_factory=lambda: {1: 1_000, 2: 5_000})
    queue: list[tuple[Charge, Callable[[int], Any], bool]] = field(default_factory=list)
    sent: list[tuple[Charge, Callable[[int], Any]]] = field(default_factory=list)
    online: bool = True

    @property
    def numbers(self) -> bool:
        """2.x: it numbers its events and names its transactions itself."""
        return isinstance(self.teller, Teller2)


def in_kwh(at: datetime, register: int) -> Reading:
    """kWh, and no unit (quirk 60)."""
    return Reading(at, (Sample(REGISTER, Decimal(register) / 1000, None),))


def per_phase(at: datetime, register: int) -> Reading:
    """No total (quirk 63)."""
    third = register // 3
    parts = {"L1": register - 2 * third, "L2": third, "L3": third}
    return Reading(at, tuple(Sample(REGISTER, Decimal(wh), "Wh", phase=phase) for phase, wh in parts.items()))


KINDS: list[tuple[type[Teller], Callable[[datetime, int], Reading]]] = [
    (Teller, reading),
    (Teller2, reading),
    (Teller, in_kwh),
    (Teller2, per_phase),
]
which_pole = st.integers(0, len(KINDS) - 1)


class Fleet(RuleBasedStateMachine):
    operator: Operator

    @initialize()
    def installs(self) -> None:
        self.now = 0
        self.operator = OperatorFactory()
        TokenFactory(operator=self.operator, uid="CARD", max_active_sessions=None)
        self.poles = [Pole(kind(StationFactory(operator=self.operator)), shows) for kind, shows in KINDS]

    # ---- what drivers, power companies and networks do

    @rule(which=which_pole, evse=st.integers(1, 2))
    def begins(self, which: int, evse: int) -> None:
        pole = self.poles[which]
        if evse in pole.running:
            return
        self.now += 1
        charge = Charge(len(pole.charges) + 1, evse, self.now, pole.registers[evse])
        charge.transaction = f"t{charge.number}" if pole.numbers else ""
        pole.charges.append(charge)
        pole.running[evse] = charge
        charge.start = self.start(pole, charge)
        self.says(pole, charge, charge.start)

    @rule(
        which=which_pole,
        evse=st.integers(1, 2),
        minutes=st.integers(1, 90),
        kw=st.integers(0, 22),
        told=st.booleans(),
    )
    def takes(self, which: int, evse: int, minutes: int, kw: int, told: bool) -> None:
        """Energy flows; the reading afterwards may be lost on the way."""
        pole = self.poles[which]
        charge = pole.running.get(evse)
        self.now += minutes
        if charge is None:
            return
        wh = kw * 1_000 * minutes // 60
        charge.wh += wh
        charge.register += wh
        pole.registers[evse] = charge.register
        reading = self.reading(pole, charge)
        if told:
            self.says(pole, charge, reading, only_reading=True)

    @rule(which=which_pole, evse=st.integers(1, 2))
    def ends(self, which: int, evse: int) -> None:
        pole = self.poles[which]
        if (charge := pole.running.pop(evse, None)) is not None:
            self.now += 1
            charge.over = True
            self.says(pole, charge, self.stop(pole, charge))

    @rule(which=which_pole, evse=st.integers(1, 2))
    def is_cut(self, which: int, evse: int) -> None:
        """The power goes; the stop is never sent."""
        if self.poles[which].running.pop(evse, None) is not None:
            self.now += 1

    @rule(which=which_pole, evse=st.integers(1, 2))
    def meter_begins_anew(self, which: int, evse: int) -> None:
        pole = self.poles[which]
        pole.registers[evse] = 0
        if (charge := pole.running.get(evse)) is not None:
            charge.register, charge.reset = 0, True

    @rule(which=which_pole)
    def goes_offline(self, which: int) -> None:
        self.poles[which].online = False

    @rule(which=which_pole, order=st.randoms(use_true_random=False))
    def comes_back(self, which: int, order: Any) -> None:
        """1.6 sends its queue in order; the numbers of 2.x allow any."""
        pole = self.poles[which]
        pole.online = True
        self.now += 1
        waiting, pole.queue = pole.queue, []
        if pole.numbers:
            order.shuffle(waiting)
        for charge, message, _ in waiting:
            self.deliver(pole, charge, message)

    @rule(which=which_pole, last=st.integers(1, 4))
    def repeats_itself(self, which: int, last: int) -> None:
        """Answers got lost: the last messages once more."""
        pole = self.poles[which]
        for charge, message in pole.sent[-last:]:
            self.hear(charge, message(self.now))

    @rule(which=which_pole, number=st.integers(0, 5))
    def starts_an_ended_one_again(self, which: int, number: int) -> None:
        """Quirk 35: its answer is the one of then."""
        pole = self.poles[which]
        told = [charge for charge in pole.charges if charge.over and charge.transaction and charge.start]
        if told and pole.online and not any(charge is told[-1 - number % len(told)] for charge, *_ in pole.queue):
            charge = told[-1 - number % len(told)]
            assert charge.start is not None
            assert self.hear(charge, charge.start(self.now)).transaction_id == charge.transaction

    @rule(which=which_pole)
    def forgets_readings(self, which: int) -> None:
        """A full memory: queued readings go first, starts and stops are kept."""
        pole = self.poles[which]
        pole.queue = [waiting for waiting in pole.queue if not waiting[2]]

    # ---- what we do meanwhile

    @rule(days=st.integers(0, 2))
    def time_goes_by(self, days: int) -> None:
        self.now += days * DAY
        self.sweep()

    @rule()
    def bills(self) -> None:
        rating.rate_many(rating.unrated())
        rating.rate_many(rating.changed(since=self.at(0) - timedelta(days=1)))

    @rule(chance=st.integers(0, 9))
    def restarts(self, chance: int) -> None:
        """We remember nothing but rows: told again from their evidence, all sessions are what they are."""
        if chance == 0:
            assert list(replaying.replay(self.sessions(), write=False)) == []

    # ---- what always holds

    @invariant()
    def one_at_a_time(self) -> None:
        if hasattr(self, "poles"):
            active = ChargingSession.objects.active().filter(operator=self.operator).values_list("station", "evse_id")
            assert len(active) == len(set(active))

    @invariant()
    def ids_are_positive_and_unique(self) -> None:
        if hasattr(self, "poles"):
            ids = [
                int(pk) for pk in self.sessions().filter(ocpp_version="1.6").values_list("transaction_id", flat=True)
            ]
            assert all(pk > 0 for pk in ids)
            assert len(ids) == len(set(ids))

    @invariant()
    def nothing_is_billed_twice(self) -> None:
        if hasattr(self, "poles"):
            standing = CDR.objects.standing().filter(operator=self.operator).values_list("session", flat=True)
            assert len(standing) == len(set(standing))

    def teardown(self) -> None:
        """In the end every queue has arrived, days have passed, and everything is billed."""
        if not hasattr(self, "poles"):
            return
        for which in range(len(self.poles)):
            for evse in (1, 2):
                self.ends(which, evse)
            self.comes_back(which, NoOrder())
        for _ in range(4):
            self.time_goes_by(1)
        self.bills()
        for pole in self.poles:
            self.compare(pole)
        assert list(replaying.replay(self.sessions(), write=False)) == []

    def compare(self, pole: Pole) -> None:
        told = list(self.sessions().filter(station=pole.teller.station))
        assert len(told) == len(pole.charges)
        for charge in pole.charges:
            (session,) = [one for one in told if (one.evse_id, one.started_at) == (charge.evse, self.at(charge.began))]
            assert session.status == "completed"
            truth, counted = charge.wh * 1_000, energy.to_mwh(session.energy)
            state = State.load(session.state)
            unsure = engine.uncertainty(state, engine.settle(state))
            assert counted <= truth + max(TOLERANCE, unsure)
            if (
                not charge.reset
            ):  # a register that began anew between two readings shows too little, and nobody can see it
                assert session.review or truth - counted <= max(TOLERANCE, unsure)
            billed = CDR.objects.standing().get(session=session)
            assert energy.to_mwh(billed.energy) == counted

    # ---- the wire

    def says(self, pole: Pole, charge: Charge, message: Callable[[int], Any], *, only_reading: bool = False) -> None:
        if pole.online:
            self.deliver(pole, charge, message)
        else:
            pole.queue.append((charge, message, only_reading))

    def deliver(self, pole: Pole, charge: Charge, message: Callable[[int], Any]) -> None:
        self.hear(charge, message(self.now))
        pole.sent.append((charge, message))

    def hear(self, charge: Charge, event: Any) -> Any:
        with travel(self.at(self.now), tick=False):
            answer = csms.handle([event])[0]
        if isinstance(event, TransactionStarted) and not charge.transaction:
            charge.transaction = answer.transaction_id
        return answer

    def sweep(self) -> None:
        with travel(self.at(self.now), tick=False):
            silence.doubt(now=self.at(self.now))
            silence.age(now=self.at(self.now))

    def start(self, pole: Pole, charge: Charge) -> Callable[[int], Any]:
        began, register = charge.began, charge.register
        place, token = EvseRef(charge.evse, 1), IdToken("CARD")
        if isinstance(pole.teller, Teller2):
            return lambda now: pole.teller.event(  # type: ignore[attr-defined]
                TransactionStarted,
                began,
                charge.transaction,
                0,
                heard=now,
                evse=place,
                token=token,
                readings=(pole.shows(self.at(began), register),),
            )
        return lambda now: pole.teller.start(began, "CARD", meter=register, evse=charge.evse, heard=now)

    def reading(self, pole: Pole, charge: Charge) -> Callable[[int], Any]:
        at, evse, told = self.now, charge.evse, (pole.shows(self.at(self.now), charge.register),)
        charge.seq += 1
        seq = charge.seq
        if isinstance(pole.teller, Teller2):
            return lambda now: pole.teller.event(  # type: ignore[attr-defined]
                TransactionUpdated, at, charge.transaction, seq, heard=now, readings=told
            )
        return lambda now: pole.teller.update(at, charge.transaction, evse=evse, heard=now, readings=told)

    def stop(self, pole: Pole, charge: Charge) -> Callable[[int], Any]:
        at, register, seq = self.now, charge.register, charge.seq + 1
        if isinstance(pole.teller, Teller2):
            return lambda now: pole.teller.event(  # type: ignore[attr-defined]
                TransactionEnded,
                at,
                charge.transaction,
                seq,
                heard=now,
                reason="Local",
                readings=(pole.shows(self.at(at), register),),
            )
        return lambda now: pole.teller.stop(at, charge.transaction, register, heard=now)

    def at(self, minute: int) -> Any:
        return MORNING + timedelta(minutes=minute)

    def sessions(self) -> Any:
        return ChargingSession.objects.filter(operator=self.operator)


class NoOrder:
    """Leaves a queue as it is."""

    def shuffle(self, waiting: list[Any]) -> None:
        del waiting


@pytest.mark.django_db
def test_a_fleet_that_lives() -> None:
    run_state_machine_as_test(
        Fleet,
        settings=settings(
            max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
