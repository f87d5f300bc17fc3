"""The samples of a message, in either version: 1.6 writes strings with a unit, 2.x numbers with a unitOfMeasure."""

from decimal import Decimal
from typing import Any

from .behaviour import Payload

ENERGY, POWER = "Energy.Active.Import", "Power.Active.Import"
Sample = dict[str, Any]


def values(payload: Any) -> list[Payload]:
    """The meterValue entries, each with its timestamp and its samples."""
    told = payload.get("meterValue") if isinstance(payload, dict) else None
    return [told] if isinstance(told, dict) else told or []


def of(payload: Payload, measurand: str = "") -> list[Sample]:
    """All samples, or those of a measurand."""
    return [
        s for value in values(payload) for s in value["sampledValue"] if s.get("measurand", "").startswith(measurand)
    ]


def number(sample: Sample) -> Decimal:
    return Decimal(str(sample["value"]))


def write(sample: Sample, value: Decimal, unit: str | None = None) -> None:
    """As the version writes a value; `unit` "" leaves the unit out, None leaves it as it is."""
    is_text = isinstance(sample["value"], str)
    sample["value"] = str(value) if is_text else float(value)
    if unit is None:
        return
    sample.pop("unit", None)
    sample.pop("unitOfMeasure", None)
    if unit:
        sample.update({"unit": unit} if is_text else {"unitOfMeasure": {"unit": unit}})


def like(sample: Sample, measurand: str | None, value: str, unit: str) -> Sample:
    """One more sample, written as `sample` is."""
    another = {"value": value if isinstance(sample["value"], str) else float(value)}
    if measurand:
        another["measurand"] = measurand
    return another | ({"unit": unit} if isinstance(sample["value"], str) else {"unitOfMeasure": {"unit": unit}})
