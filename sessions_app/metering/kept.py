"""Readings as they are kept: every sample as the station sent it, as JSON text, so that a better `normalise` reads old
evidence better. [[iso time, [[measurand, value, unit, phase, context, location], …]], …]; a multiplier and signed data follow
where a sample has them."""

import functools
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from stations.vocabulary.values import Reading, Sample

NOTHING = "[]"


def dump(readings: tuple[Reading, ...]) -> bytes:
    return _dumps([[reading.at, [_dumped(sample) for sample in reading.samples]] for reading in readings])


def load(text: str) -> tuple[Reading, ...]:
    """What `dump` was given."""
    return tuple(
        Reading(datetime.fromisoformat(at), tuple(_sample(*sample) for sample in samples))
        for at, samples in orjson.loads(text)
    )


def _dumped(sample: Sample) -> list[Any]:
    measurand, value, unit, phase, context, location, multiplier, signed = sample
    text = None if value is None else str(value)
    if signed is None and not multiplier:
        return [measurand, text, unit, phase, context, location]
    return [measurand, text, unit, phase, context, location, multiplier, signed]


def _sample(
    measurand: str,
    value: str | None,
    unit: str | None = None,
    phase: str | None = None,
    context: str = "Sample.Periodic",
    location: str = "Outlet",
    multiplier: int = 0,
    signed: str | None = None,
) -> Sample:
    number = Decimal(value) if value is not None else None
    return Sample(measurand, number, unit, phase, context, location, multiplier, signed)


_dumps = functools.partial(orjson.dumps, option=orjson.OPT_UTC_Z)
