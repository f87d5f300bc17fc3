"""Meters that are read wrongly: other units, other forms, other registers than they should be."""

from collections.abc import Callable
from decimal import Decimal
from itertools import count

from . import samples
from .behaviour import METER, START, Behaviour, Frame, Payload
from .samples import ENERGY, POWER, Sample

BITS_32 = Decimal(2**32)
OVERFLOWN = Decimal(4_296_944_685)
RESET_AT = 5
"""Readings."""


def fraction_of_wh(payload: Payload) -> None:
    for member in ("meterStart", "meterStop"):
        if member in payload:
            payload[member] += 0.333


# ---- units ---------------------------------------------------------------------------------------------------------


def kwh_called_wh(payload: Payload) -> None:
    """Two decimals and no unit."""
    for sample in samples.of(payload, ENERGY):
        samples.write(sample, round(samples.number(sample) / 1000, 2), "")


def kwh(payload: Payload) -> None:
    for sample in samples.of(payload, ENERGY):
        samples.write(sample, round(samples.number(sample) / 1000, 3), "kWh")


def odd_units(payload: Payload) -> None:
    for value in samples.values(payload):
        for sample in samples.of(payload, ENERGY):
            samples.write(sample, round(samples.number(sample) / 1000, 3), "kWh ")
        first = value["sampledValue"][0]
        value["sampledValue"] += [
            samples.like(first, "Frequency", "49.98", "Hertz"),
            samples.like(first, "Temperature", "31", "Celcius"),
        ]


def nameless_temperature(payload: Payload) -> None:
    """A sample without measurand is the energy register, says the specification."""
    for value in samples.values(payload):
        value["sampledValue"].append(samples.like(value["sampledValue"][0], None, "31.5", "Celsius"))


# ---- forms ---------------------------------------------------------------------------------------------------------


def single_object(payload: Payload) -> None:
    if isinstance(payload.get("meterValue"), list) and len(payload["meterValue"]) == 1:
        payload["meterValue"] = payload["meterValue"][0]


def with_an_empty_one(payload: Payload) -> None:
    told = samples.values(payload)
    if told:
        payload["meterValue"] = [{"timestamp": told[0]["timestamp"], "sampledValue": []}, *told]


_FORMS: tuple[Callable[[Decimal], object], ...] = (
    lambda value: str(value).replace(".", ",") + ",0",
    float,
    str,
    lambda value: "NaN",
    lambda value: "",
)


class WritesOddly(Behaviour):
    """A decimal comma, a number where text belongs or text where a number does, NaN, nothing: in turn."""

    def __init__(self) -> None:
        self.turn = count()

    def frames(self, frame: Frame) -> list[Frame]:
        if frame.about == METER:
            form = _FORMS[next(self.turn) % len(_FORMS)]
            for sample in samples.of(frame.payload, ENERGY):
                sample["value"] = form(samples.number(sample))
        return [frame]


class SendsOneByOne(Behaviour):
    """1.6: a message per sample, without context; 2.x: an entry per sample."""

    def frames(self, frame: Frame) -> list[Frame]:
        if not samples.values(frame.payload):
            return [frame]
        parts = [
            {"timestamp": value["timestamp"], "sampledValue": [{k: v for k, v in sample.items() if k != "context"}]}
            for value in samples.values(frame.payload)
            for sample in value["sampledValue"]
        ]
        if frame.action == "TransactionEvent":
            frame.payload["meterValue"] = parts
            return [frame]
        return [Frame(frame.action, {**frame.payload, "meterValue": [part]}) for part in parts]


# ---- phases --------------------------------------------------------------------------------------------------------


def _per_phase(payload: Payload, measurand: str, phases: tuple[str, ...]) -> None:
    for value in samples.values(payload):
        others = [s for s in value["sampledValue"] if not s.get("measurand", "").startswith(measurand)]
        totals = [s for s in value["sampledValue"] if s.get("measurand", "").startswith(measurand)]
        value["sampledValue"] = [part for total in totals for part in _parts(total, phases)] + others


def _parts(total: Sample, phases: tuple[str, ...]) -> list[Sample]:
    whole = samples.number(total)
    share = whole // len(phases)
    parts = []
    for phase in phases:
        part = {**total, "phase": phase}
        samples.write(part, whole - share * (len(phases) - 1) if phase == phases[0] else share)
        parts.append(part)
    return parts


def registers_per_phase(payload: Payload) -> None:
    _per_phase(payload, ENERGY, ("L1", "L2", "L3"))


def phases_to_neutral(payload: Payload) -> None:
    _per_phase(payload, POWER, ("L1-N", "L2-N", "L3-N"))
    for sample in samples.of(payload, "Current.Import"):
        if sample.get("phase"):
            sample["phase"] += "-N"


# ---- places --------------------------------------------------------------------------------------------------------


class MetersTheStation(Behaviour):
    """Readings name connector 0 and no transaction, though there is one connector only."""

    def frames(self, frame: Frame) -> list[Frame]:
        if frame.about != METER or not samples.values(frame.payload):
            return [frame]
        place = {"evseId": 0} if frame.action == "TransactionEvent" else {"connectorId": 0}
        return [Frame("MeterValues", {**place, "meterValue": frame.payload["meterValue"]})]


# ---- registers -----------------------------------------------------------------------------------------------------


class Shows(Behaviour):
    """Another register than the meter's own, wherever it is told."""

    members: tuple[str, ...] = ("meterStart", "meterStop")

    def wh(self, register: Decimal) -> Decimal:
        """What is shown instead."""
        raise NotImplementedError

    def frames(self, frame: Frame) -> list[Frame]:
        if frame.about == START:
            self.begin()
        for member in self.members:
            if frame.about and member in frame.payload:
                frame.payload[member] = int(self.wh(Decimal(frame.payload[member])))
        for sample in samples.of(frame.payload, ENERGY) if frame.about else ():
            samples.write(sample, self.wh(samples.number(sample)))
        return [frame]

    def begin(self) -> None:
        """A transaction does."""


class CountsTheSession(Shows):
    """The register starts from 0 with each transaction, meterStart too."""

    base: Decimal | None = None

    def begin(self) -> None:
        self.base = None

    def wh(self, register: Decimal) -> Decimal:
        if self.base is None:
            self.base = register
        return register - self.base


class SamplesTheSession(CountsTheSession):
    """Only samples do; meterStart and meterStop are those of the meter's whole life."""

    members = ()

    def frames(self, frame: Frame) -> list[Frame]:
        told = super().frames(frame)
        if frame.about == START and "meterStart" in frame.payload:
            self.base = Decimal(frame.payload["meterStart"])
        return told


class Wraps(Shows):
    """A 32-bit counter that is full after 1 kWh."""

    ahead: Decimal | None = None

    def wh(self, register: Decimal) -> Decimal:
        if self.ahead is None:
            self.ahead = BITS_32 - 1000 - register
        return (register + self.ahead) % BITS_32


class BeginsAnew(Shows):
    """The register jumps to 0 in the charge, as after an update."""

    def __init__(self) -> None:
        self.told, self.base, self.last = 0, Decimal(0), Decimal(0)

    def wh(self, register: Decimal) -> Decimal:
        self.told += 1
        if self.told == RESET_AT:
            self.base = self.last
        self.last = register
        return register - self.base


class Overflows(Behaviour):
    """Every third reading is absurd."""

    def __init__(self) -> None:
        self.readings = 0

    def frames(self, frame: Frame) -> list[Frame]:
        self.readings += frame.about == METER
        if frame.about == METER and self.readings % 3 == 0:
            for sample in samples.of(frame.payload, ENERGY):
                samples.write(sample, OVERFLOWN)
        return [frame]


# ---- signatures ----------------------------------------------------------------------------------------------------


def signed_beside(payload: Payload) -> None:
    """A record in a form of the maker's own, beside what everybody can read."""
    record = "AP;0;3;ALCV3ABBBISHMA2RYEGAZE3HV5YQBQRAEHAJIA"
    for value in samples.values(payload):
        first = value["sampledValue"][0]
        if isinstance(first["value"], str):
            value["sampledValue"].append({**first, "value": record, "format": "SignedData"})
        else:
            first["signedMeterValue"] = {
                "signedMeterData": record,
                "signingMethod": "",
                "encodingMethod": "ALFEN",
                "publicKey": "",
            }
