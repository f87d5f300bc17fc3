"""Tells a made-up past to the central system, in the words and the order in which stations would have told it.

Charges that cannot meet (neither on a socket nor with a card) are told together: in `levels`, each two batches of events.
"""

import itertools
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from cms.wiring import csms
from stations.simulator import signing
from stations.vocabulary import events
from stations.vocabulary.values import EvseRef, IdToken, Sample, StationRef
from stations.vocabulary.values import Reading as Told

from .history import Charge, Condition, Outage, Past, Reading
from .places import Hardware, Station

ON_THE_WAY = timedelta(milliseconds=400)
NAMESPACE = uuid.UUID("6f0b6f4e-0000-4000-8000-c0104411a000")
_NOT_BUSY = {"Available", "Unavailable", "Faulted", "Reserved"}


class Teller:
    """`refs` are the stations by identity. Counts messages and transactions, so that every past has ids of its own."""

    def __init__(self, refs: Mapping[str, StationRef], past: Past) -> None:
        self.refs = refs
        self.past = past
        self._messages = itertools.count(1)

    def tell(self, borders: Sequence[datetime]) -> None:
        """Everything, slice by slice: later slices become later rows, so that lists are in the order of time."""
        slices = list(itertools.pairwise([*borders, datetime.max.replace(tzinfo=borders[0].tzinfo)]))
        charges = _sliced(self.past.charges, [charge.started_at for charge in self.past.charges], slices)
        conditions = _sliced(self.past.conditions, [condition.at for condition in self.past.conditions], slices)
        for charges_of, conditions_of in zip(charges, conditions, strict=True):
            for level in _levels(charges_of):
                self._tell_level(level)
            csms.handle([self._condition(condition) for condition in conditions_of])

    def boot(self, at: datetime, stations: Sequence[Station]) -> None:
        csms.handle(
            [
                events.StationBooted(
                    station=self.refs[station.identity],
                    received_at=at,
                    message_id=self._message_id(),
                    version=f"ocpp{station.hardware.version}",
                    vendor=station.hardware.vendor,
                    model=station.hardware.model,
                    serial_number=station.serial,
                    firmware_version=station.hardware.firmware,
                    reason="PowerUp",
                )
                for station in stations
            ]
        )

    def tell_end(self, charge: Charge, transaction_id: str) -> None:
        """Only how it ended, as a station of 1.6 tells it: its start never reached us."""
        assert charge.ended_at is not None
        stop = events.TransactionEnded(
            transaction_id=transaction_id,
            meter_wh=Decimal(charge.meter_stop),
            reason="Local",
            token=IdToken(charge.token),
            **self._facts(charge, charge.ended_at),
        )
        csms.handle([stop])

    def _tell_level(self, charges: Sequence[Charge]) -> None:
        answers = csms.handle([self._start(charge) for charge in charges])
        told: list[events.StationEvent] = []
        for charge, answer in zip(charges, answers, strict=True):
            told += self._rest(charge, answer.transaction_id)  # type: ignore[union-attr]
        csms.handle(told)

    def _facts(self, charge: Charge, at: datetime) -> dict[str, Any]:
        return {
            "station": self.refs[charge.station.identity],
            "occurred_at": at,
            "received_at": self._heard(charge.station.identity, at),
            "message_id": self._message_id(),
            "version": f"ocpp{charge.station.hardware.version}",
        }

    def _message_id(self) -> str:
        return f"demo-{next(self._messages)}"

    def _heard(self, identity: str, at: datetime) -> datetime:
        """A moment later, or when the line was back."""
        for outage in self.past.outages[identity]:
            if outage.start <= at and outage.until is not None and at < outage.until:
                return outage.until + ON_THE_WAY
        return at + ON_THE_WAY

    def _start(self, charge: Charge) -> events.TransactionStarted:
        facts = self._facts(charge, charge.started_at)
        token = IdToken(charge.token, None if charge.station.hardware.version == "1.6" else "ISO14443")
        if charge.station.hardware.version == "1.6":
            return events.TransactionStarted(
                evse=EvseRef(charge.socket, 1), token=token, meter_wh=Decimal(charge.meter_start), **facts
            )
        first = Reading(charge.started_at, charge.meter_start, 0, charge.readings[0].soc if charge.readings else 50)
        return events.TransactionStarted(
            transaction_id=str(uuid.uuid5(NAMESPACE, f"{charge.station.identity} {charge.socket} {charge.started_at}")),
            evse=EvseRef(charge.socket, 1),
            token=token,
            seq_no=0,
            trigger="Authorized",
            charging_state="Charging",
            readings=(_sworn(charge, first, signing.BEGIN),),
            **facts,
        )

    def _rest(self, charge: Charge, transaction_id: str) -> Iterator[events.StationEvent]:
        if charge.station.hardware.version == "1.6":
            return self._rest_16(charge, transaction_id)
        return self._rest_2x(charge, transaction_id)

    def _rest_16(self, charge: Charge, transaction_id: str) -> Iterator[events.StationEvent]:
        evse = EvseRef(charge.socket, 1)
        for reading in charge.readings:
            yield events.TransactionUpdated(
                transaction_id=transaction_id,
                evse=evse,
                readings=(_told(reading, charge.station.hardware, "Sample.Periodic"),),
                **self._facts(charge, reading.at),
            )
        if charge.ended_at and not charge.stop_is_lost:
            yield events.TransactionEnded(
                transaction_id=transaction_id,
                meter_wh=Decimal(charge.meter_stop),
                reason=charge.reason,
                token=IdToken(charge.token) if charge.by_card else None,
                **self._facts(charge, charge.ended_at),
            )

    def _rest_2x(self, charge: Charge, transaction_id: str) -> Iterator[events.StationEvent]:
        numbers = itertools.count(1)
        readings = charge.readings[:-1] if charge.ended_at else charge.readings
        suspended = False
        for reading in readings:
            if charge.full_at and not suspended and reading.at >= charge.full_at:
                suspended = True
                yield events.TransactionUpdated(
                    transaction_id=transaction_id,
                    seq_no=next(numbers),
                    trigger="ChargingStateChanged",
                    charging_state="SuspendedEV",
                    **self._facts(charge, charge.full_at),
                )
            yield events.TransactionUpdated(
                transaction_id=transaction_id,
                seq_no=next(numbers),
                trigger="MeterValuePeriodic",
                charging_state="SuspendedEV" if suspended else "Charging",
                readings=(_told(reading, charge.station.hardware, "Sample.Periodic"),),
                **self._facts(charge, reading.at),
            )
        if charge.ended_at:
            yield events.TransactionEnded(
                transaction_id=transaction_id,
                seq_no=next(numbers),
                trigger="StopAuthorized" if charge.by_card else "EVCommunicationLost",
                charging_state="Idle",
                reason=charge.reason,
                token=IdToken(charge.token, "ISO14443") if charge.by_card else None,
                readings=(_sworn(charge, charge.readings[-1], signing.END),),
                **self._facts(charge, charge.ended_at),
            )

    def _condition(self, condition: Condition) -> events.StatusReported:
        identity, hardware = condition.station.identity, condition.station.hardware
        simple = hardware.version != "1.6" and condition.status not in _NOT_BUSY
        return events.StatusReported(
            station=self.refs[identity],
            received_at=self._heard(identity, condition.at),
            occurred_at=condition.at,
            message_id=self._message_id(),
            version=f"ocpp{hardware.version}",
            evse=EvseRef(condition.socket, 1),
            status="Occupied" if simple else condition.status,
            error_code=condition.error_code,
            vendor_id=hardware.vendor if condition.vendor_code else "",
            vendor_error_code=condition.vendor_code,
        )


def online(outages: Sequence[Outage], start: datetime, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """When the line was up, in between."""
    at = start
    for outage in outages:
        yield at, outage.start
        if outage.until is None:
            return
        at = outage.until
    yield at, now


def _told(reading: Reading, hardware: Hardware, context: str) -> Told:
    samples = (
        Sample("Energy.Active.Import.Register", Decimal(reading.register), "Wh", context=context),
        Sample("Power.Active.Import", Decimal(reading.power_w), "W", context=context),
        Sample("SoC", Decimal(reading.soc), "Percent", context=context, location="EV"),
    )
    return Told(reading.at, samples)


def _sworn(charge: Charge, reading: Reading, context: str) -> Told:
    """The reading at begin or end; of a station that signs with what its meter signed."""
    told = _told(reading, charge.station.hardware, context)
    if not charge.station.signs:
        return told
    identity, socket = charge.station.identity, charge.socket
    text = signing.record(
        identity,
        socket,
        context=context,
        began=charge.started_at,
        at=reading.at,
        register_wh=reading.register,
        token=charge.token,
    )
    inside = json.dumps(signing.container(text, signing.public_key(identity, socket)))
    sample = Sample("Energy.Active.Import.Register", None, "Wh", context=context, signed=inside)
    return told._replace(samples=(*told.samples, sample))


def _levels(charges: Iterable[Charge]) -> list[list[Charge]]:
    """Charges of one socket, or with one card, one after the other; all others side by side."""
    levels: list[list[Charge]] = []
    reached: dict[object, int] = {}
    for charge in charges:
        keys = (charge.station.identity, charge.socket), charge.token
        level = max(reached.get(key, 0) for key in keys)
        if level == len(levels):
            levels.append([])
        levels[level].append(charge)
        for key in keys:
            reached[key] = level + 1
    return levels


def _sliced(
    items: Sequence[Any], moments: Sequence[datetime], slices: Sequence[tuple[datetime, datetime]]
) -> Iterator[list[Any]]:
    """`items` in order of `moments`, cut at the borders."""
    place = 0
    for _start, end in slices:
        first = place
        while place < len(items) and moments[place] < end:
            place += 1
        yield list(items[first:place])
