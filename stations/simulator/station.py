"""A simulated charging station: what people, cars and its central system do to it, in a protocol's own order.

    station = Station(Spec(identity="CP-0042", url="ws://localhost:8000/ocpp"), clock=SteppedClock(noon))
    await station.connect()
    await station.plug_in(1)
    await station.present("04A1B2C3")
    await station.charge(kwh=7.5, minutes=30)
    await station.unplug(1)

With a SteppedClock nothing waits: an hour of charging is sixty messages, each with its own time.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from . import battery, behaviours, limits, maintenance, orders, signing, v2x, v16
from .battery import Car
from .clock import Clock, WallClock
from .hardware import Connector, Resumed, Spec, Transaction
from .line import Broken, Line, Refused
from .lists import LocalList

logger = logging.getLogger(__name__)

SPEAKERS: Mapping[str, Any] = {"1.6": v16.V16, "2.0.1": v2x.V201}
RESUMES_WITHIN = timedelta(minutes=30)
BOOTS_TRIED = 5


class Station:
    def __init__(self, spec: Spec, *, clock: Clock | None = None) -> None:
        self.spec = spec
        self.identity = spec.identity
        self.clock: Clock = clock or WallClock()
        self.firmware = spec.firmware
        self.connectors = {n: self._connector(n) for n in range(1, spec.connectors + 1)}
        self.operative = True
        self.reboots_when_idle = False
        self.profiles = limits.Installed()
        self.local_list = LocalList()
        self.heartbeat_s = 300
        self.sample_s = 60
        self.line = Line(
            url=spec.url,
            identity=spec.identity,
            subprotocol=f"ocpp{spec.version}",
            password=spec.password,
            behaviours=behaviours.named(spec.quirks),
        )
        self.speaker = SPEAKERS[spec.version](self)
        self.on_remote_start: Callable[[Connector], Coroutine[Any, Any, None]] | None = None
        self.away = False  # on purpose: rebooting, or in a tunnel
        self._booted = False
        self._changed = asyncio.Condition()
        self._errands: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Task[None] | None = None
        for resumed in spec.resumed:
            self._resume(resumed)

    def _connector(self, number: int) -> Connector:
        connector = Connector(number, self.spec.dc, self.spec.max_w, Decimal(self.spec.registers.get(number, 0)))
        if number in self.spec.broken:
            connector.status = "Faulted"
            connector.error_code, connector.vendor_error_code = self.spec.broken[number]
        if number in self.spec.out_of_service:
            connector.operative, connector.status = False, "Unavailable"
        return connector

    # ---- the line ----------------------------------------------------------------------------------------------------

    @property
    def online(self) -> bool:
        return self.line.up

    @property
    def busy(self) -> bool:
        return any(c.transaction for c in self.connectors.values())

    @property
    def heeds_refusals(self) -> bool:
        return all(behaviour.heeds_refusals for behaviour in self.line.behaviours)

    @property
    def begins_remotely(self) -> bool:
        return all(behaviour.begins_remotely for behaviour in self.line.behaviours)

    async def connect(self, *, reason: str = "PowerUp") -> None:
        """Connects, boots unless it has since it was switched on (1.6 errata, 2.0.1 B01), says how every connector is,
        and delivers what had to wait.

        Raises OSError and websockets' InvalidStatus where there is no way in, Broken where the line dies meanwhile.
        """
        await self.line.open()
        self._listening = asyncio.create_task(self._listen())
        if not self._booted:
            await self._boot(reason)
        self.line.ready = True
        await self._say_statuses()
        await self.line.drain()
        await self._stop_refused()
        await self._tell_changed()

    async def _listen(self) -> None:
        await self.line.listen(self.speaker.route_message)
        await self._tell_changed()

    async def drop(self) -> None:
        """The line goes dead; the station goes on."""
        await self.line.cut()
        await self._tell_changed()

    async def disconnect(self) -> None:
        await self.line.close()
        await self._tell_changed()

    async def power_off(self) -> None:
        """It will have to boot again."""
        self.away, self._booted = True, False
        await self.disconnect()

    async def back_again(self) -> None:
        self.away = False
        await self._tell_changed()

    async def close(self) -> None:
        """Switches the simulation off."""
        errands, self._errands = self._errands, set()
        for errand in errands:
            errand.cancel()
        await self.line.close()
        if self._listening:
            await self._listening

    async def _boot(self, reason: str) -> None:
        for _ in range(BOOTS_TRIED):
            status, interval = await self.speaker.boot(reason)
            if status == "Accepted":
                if not all(behaviour.keeps_profiles for behaviour in self.line.behaviours):
                    self.profiles = limits.Installed()
                self.heartbeat_s = interval or self.heartbeat_s
                self._booted = True
                return
            await self.clock.sleep(interval or 60)
        raise Broken("never accepted")

    async def _say_statuses(self) -> None:
        await self.speaker.station_status()
        for connector in self.connectors.values():
            await self.speaker.status(connector)

    def later(self, errand: Coroutine[Any, Any, None]) -> None:
        """Does something beside the conversation, so that an answer never waits for it."""

        async def run() -> None:
            try:
                await errand
            except (Broken, Refused, OSError) as failed:
                logger.debug("station=%s errand gave up: %s", self.identity, failed)
            await self._tell_changed()

        task = asyncio.get_running_loop().create_task(run())
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def until(self, condition: Callable[[], Any], *, within_s: float | None = 20) -> None:
        """Waits until something is so. Raises TimeoutError."""
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(condition)

    async def _tell_changed(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    # ---- people and cars ---------------------------------------------------------------------------------------------

    async def plug_in(self, number: int, car: Car | None = None) -> None:
        """A cable goes in. Starts at once where a token was accepted for this connector before."""
        connector = self.connectors[number]
        connector.car = car or Car()
        connector.flow(self.clock.now(), None)
        if not connector.usable:
            return
        await self.say_status(connector, "Preparing")
        if connector.locked_for:
            await self.start(connector, connector.locked_for)

    async def present(self, token: str, number: int | None = None) -> bool:
        """A card at the reader: ends the transaction it started, else starts one. False if it was refused."""
        running = self._running_with(token, number)
        if running:
            await self.stop(running.id, reason="Local", token=token)
            return True
        if not await self.allowed(token) and self.heeds_refusals:
            return False
        connector = self.connectors[number] if number else self.waiting()
        if connector is None or connector.transaction or not connector.usable:
            return False
        if connector.car is None:
            connector.locked_for = token
            await self.say_status(connector, "Preparing")
            return True
        return await self.start(connector, token)

    async def charge(
        self,
        *,
        minutes: float,
        kwh: float | Decimal | Mapping[int, float | Decimal] | None = None,
        number: int | None = None,
    ) -> None:
        """Lets time pass with a reading each `sample_s`. With `kwh` exactly that much flows, evenly; for several
        connectors at once `kwh` maps each to its own amount. Without it the battery decides."""
        given = kwh if isinstance(kwh, Mapping) else {self._charging(number).id: kwh}
        goals = {
            n: (self.connectors[n].register, None if k is None else Decimal(str(k)) * 1000) for n, k in given.items()
        }
        total = minutes * 60
        elapsed = 0.0
        while elapsed < total:
            step = min(self.sample_s, total - elapsed)
            await self.clock.sleep(step)
            elapsed += step
            for n, (base, wh) in goals.items():
                self._let_flow(self.connectors[n], base, wh, elapsed, total)
                await self._sample(self.connectors[n])

    def _let_flow(self, connector: Connector, base: Decimal, wh: Decimal | None, elapsed: float, total: float) -> None:
        now = self.clock.now()
        if wh is None:
            connector.flow(now, self._limit(connector))
            return
        connector.metered_at = now
        connector.power_w = float(wh) * 3600 / total
        connector.register = base + (wh * Decimal(str(elapsed)) / Decimal(str(total))).quantize(Decimal("0.001"))

    async def unplug(self, number: int) -> None:
        """The cable is pulled; a running transaction ends with it."""
        connector = self.connectors[number]
        if connector.transaction:
            await self.stop(number, reason="EVDisconnected")
        connector.car = None
        connector.power_w = 0.0
        if connector.usable:
            await self.say_status(connector, "Available")

    async def stop(self, number: int, *, reason: str, token: str | None = None) -> None:
        """Ends the transaction of a connector; the car stays plugged in."""
        connector = self.connectors[number]
        transaction = connector.transaction
        if transaction is None:
            return
        connector.flow(self.clock.now(), self._limit(connector))
        connector.transaction, connector.power_w = None, 0.0
        self.profiles.forget_transaction(number)
        await self.speaker.ended(connector, transaction, reason, token)
        if connector.usable:
            await self.say_status(connector, "Finishing" if connector.car else "Available")
        await self._idle_again()

    # ---- faults ----------------------------------------------------------------------------------------------------------

    async def fault(self, number: int, code: str = "OtherError", vendor_code: str = "", info: str = "") -> None:
        """A connector breaks; its transaction ends."""
        connector = self.connectors[number]
        if connector.transaction:
            await self.stop(number, reason="Other")
        connector.error_code, connector.vendor_error_code, connector.info = code, vendor_code, info
        await self.say_status(connector, "Faulted")

    async def clear(self, number: int) -> None:
        connector = self.connectors[number]
        connector.error_code, connector.vendor_error_code, connector.info = "NoError", "", ""
        await self.say_status(connector, self.resting(connector))

    def resting(self, connector: Connector) -> str:
        if not connector.operative:
            return "Unavailable"
        return "Preparing" if connector.car else "Available"

    # ---- time passes ---------------------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """What a station does by itself now and then: readings, a full battery, a heartbeat, the queue."""
        for connector in self.connectors.values():
            if connector.transaction:
                connector.flow(self.clock.now(), self._limit(connector))
                await self._sample(connector)
        await orders.let_expire(self)
        if self.line.ready:
            await self.line.drain()
            if asyncio.get_running_loop().time() - self.line.last_said > self.heartbeat_s:
                await self.speaker.heartbeat()

    async def _sample(self, connector: Connector) -> None:
        transaction = connector.transaction
        if transaction is None:
            return
        await self.speaker.metered(connector, transaction, connector.reading(self.clock.now()))
        await self._follow_power(connector)
        for behaviour in self.line.behaviours:
            await behaviour.sampled(self, connector)

    async def _follow_power(self, connector: Connector) -> None:
        """Charging while something flows; suspended by the car when it wants nothing, by us when we give nothing."""
        limit = self._limit(connector)
        flows = connector.power_w > 0
        suspended = "SuspendedEVSE" if limit is not None and limit <= 0 else "SuspendedEV"
        wanted = "Charging" if flows else suspended
        if connector.transaction and connector.status != wanted and connector.usable:
            await self.say_status(connector, wanted)

    def _limit(self, connector: Connector) -> float | None:
        began = connector.transaction.started_at if connector.transaction else self.clock.now()
        return self.profiles.limit_w(connector=connector.id, at=self.clock.now(), began=began)

    # ---- transactions --------------------------------------------------------------------------------------------------

    async def start(self, connector: Connector, token: str) -> bool:
        connector.flow(self.clock.now(), None)
        transaction = Transaction(
            connector.id,
            token,
            self.clock.now(),
            connector.register_wh,
            remote_start_id=connector.remote_start_id,
            reservation_id=self._reservation_of(connector, token),
        )
        connector.transaction, connector.locked_for, connector.remote_start_id = transaction, None, None
        await self.speaker.started(connector, transaction)
        if transaction.refused and self.heeds_refusals:
            await self.stop(connector.id, reason="DeAuthorized")
            return False
        self._adopt_profile(connector)
        connector.flow(self.clock.now(), self._limit(connector))
        await self.say_status(connector, "Charging")
        return True

    def _adopt_profile(self, connector: Connector) -> None:
        if connector.profile is not None:
            orders.take_profile(self, connector.profile, connector.id)
            connector.profile = None

    def _reservation_of(self, connector: Connector, token: str) -> int | None:
        if connector.reserved and connector.reserved[1].upper() == token.upper():
            number, connector.reserved = connector.reserved[0], None
            return number
        return None

    async def _stop_refused(self) -> None:
        """Offline starts that the central system refused when it heard of them."""
        for connector in self.connectors.values():
            if connector.transaction and connector.transaction.refused and self.heeds_refusals:
                await self.stop(connector.id, reason="DeAuthorized")

    async def _idle_again(self) -> None:
        if self.busy:
            return
        if not self.operative or not all(c.operative for c in self.connectors.values()):
            await orders.show_availability(self)
        if self.reboots_when_idle:
            self.later(maintenance.reboot(self, stop_reason="Reboot", boot_reason="ScheduledReset"))

    def _resume(self, resumed: Resumed) -> None:
        connector = self.connectors[resumed.connector]
        state = "SuspendedEV" if resumed.power_w == 0 else "Charging"
        connector.transaction = Transaction(
            resumed.connector,
            resumed.token,
            resumed.started_at,
            int(resumed.meter_start),
            id=resumed.transaction_id,
            seq_no=resumed.seq_no + 1,
            state=state,
            key=resumed.transaction_id,
        )
        connector.car = battery.seen(soc=resumed.soc, power_w=resumed.power_w, dc=connector.dc)
        connector.status = state
        connector.metered_at = resumed.last_at

    async def end_stale(self) -> None:
        """Transactions of before a long power cut end now, with the reading and the time of then."""
        for connector in self.connectors.values():
            transaction = connector.transaction
            if transaction and connector.metered_at and self.clock.now() - connector.metered_at > RESUMES_WITHIN:
                await self._end_at(connector, transaction, connector.metered_at)

    async def _end_at(self, connector: Connector, transaction: Transaction, at: datetime) -> None:
        connector.transaction, connector.car, connector.power_w = None, None, 0.0
        await self.speaker.ended(connector, transaction, "PowerLoss", None, at)
        await self.say_status(connector, self.resting(connector))

    def sworn(
        self, connector: Connector, transaction: Transaction, *, context: str, at: datetime, register_wh: int
    ) -> dict[str, str]:
        """What the connector's meter signs, in its container."""
        text = signing.record(
            self.identity,
            connector.id,
            context=context,
            began=transaction.started_at,
            at=at,
            register_wh=register_wh,
            token=transaction.token,
        )
        return signing.container(text, signing.public_key(self.identity, connector.id))

    # ---- who, where ----------------------------------------------------------------------------------------------------

    def with_transaction(self, transaction_id: str) -> Connector | None:
        return next((c for c in self.connectors.values() if c.transaction and c.transaction.id == transaction_id), None)

    async def allowed(self, token: str) -> bool:
        """Asks the central system; offline everybody may (LocalAuthorizeOffline, AllowOfflineTxForUnknownId)."""
        if not self.line.ready:
            return True
        try:
            return bool(await self.speaker.authorize(token))
        except Broken:
            return True
        except Refused:
            return False

    async def say_status(self, connector: Connector, status: str) -> None:
        """A connector's status, told where somebody listens."""
        connector.status = status
        if self.line.ready:
            try:
                await self.speaker.status(connector)
            except (Broken, Refused) as unheard:
                logger.debug("station=%s status unheard: %s", self.identity, unheard)
        await self.speaker.charging_state(connector)
        await self._tell_changed()

    def _running_with(self, token: str, number: int | None) -> Connector | None:
        chosen = [self.connectors[number]] if number else self.connectors.values()
        return next((c for c in chosen if c.transaction and c.transaction.token.upper() == token.upper()), None)

    def waiting(self) -> Connector | None:
        """A connector with a car that waits to be allowed."""
        return next((c for c in self.connectors.values() if c.car and not c.transaction and c.usable), None)

    def first_free(self) -> Connector | None:
        return next((c for c in self.connectors.values() if c.free and c.usable), None)

    def _charging(self, number: int | None) -> Connector:
        chosen = [self.connectors[number]] if number else self.connectors.values()
        return next(c for c in chosen if c.transaction)
