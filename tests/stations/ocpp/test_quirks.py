"""Field quirks §4–5 that are read, or answered, at the edge: one test per row."""

from decimal import Decimal
from typing import Any

import pytest

from .world import Exchange, say

AT = "2026-05-01T08:30:00Z"
REGISTER = {"value": "26108", "measurand": "Energy.Active.Import.Register", "unit": "Wh"}


def metered(*samples: Any, **more: Any) -> Exchange:
    value = {"timestamp": AT, "sampledValue": list(samples)}
    return say("MeterValues", {"connectorId": 1, "transactionId": 7, "meterValue": [value], **more})


def values(exchange: Exchange) -> list[Decimal | None]:
    return [sample.value for reading in exchange.event.readings for sample in reading.samples]


def test_q41_null_is_an_empty_object() -> None:
    assert say("Heartbeat", None).answer[0] == 3
    assert say("Heartbeat", None, "ocpp2.0.1").answer[0] == 3


def test_q51_an_answer_has_what_the_schema_says_and_nothing_else() -> None:
    start = {"connectorId": 1, "idTag": "04A1B2C3", "meterStart": 26008, "timestamp": AT}
    answer = say("StartTransaction", start).answer[2]

    assert (set(answer), type(answer["transactionId"])) == ({"transactionId", "idTagInfo"}, int)
    assert set(answer["idTagInfo"]) <= {"status", "expiryDate", "parentIdTag"}
    assert say("MeterValues", {"connectorId": 1, "meterValue": []}).answer[2] == {}


def test_q58_a_single_value_without_its_list() -> None:
    one = {"timestamp": AT, "sampledValue": REGISTER}
    assert values(metered(meterValue=one)) == [Decimal(26108)]


def test_q59_a_value_without_samples() -> None:
    exchange = metered()
    assert (exchange.answer, values(exchange)) == ([3, "m1", {}], [])


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("26108.5", Decimal("26108.5")),
        ("26108,5", Decimal("26108.5")),
        (26108, Decimal(26108)),
        (26108.5, Decimal("26108.5")),
        (" 26108 ", Decimal(26108)),
    ],
)
def test_q61_numbers_as_stations_write_them(told: Any, read: Decimal) -> None:
    assert values(metered(REGISTER | {"value": told})) == [read]


@pytest.mark.parametrize("told", ["NaN", "", "Infinity", "--", None, [], {}])
def test_q61_what_is_no_number_takes_no_other_with_it(told: Any) -> None:
    exchange = metered(REGISTER | {"value": told}, REGISTER)
    assert exchange.answer == [3, "m1", {}]
    assert [value for value in values(exchange) if value is not None and value.is_finite()] == [Decimal(26108)]


@pytest.mark.parametrize("unit", ["Hertz", "Celcius", "kWh ", "", "null", 7])
def test_q62_an_unknown_unit_refuses_nothing(unit: Any) -> None:
    exchange = metered({"value": "49.9", "measurand": "Frequency", "unit": unit}, REGISTER)
    assert exchange.answer == [3, "m1", {}]
    assert values(exchange)[-1] == Decimal(26108)


@pytest.mark.parametrize("unit", ["Celsius", "Percent", "V"])
def test_q72_a_sample_of_another_unit_without_a_measurand_is_no_energy(unit: str) -> None:
    (sample,) = [s for r in metered({"value": "31.5", "unit": unit}).event.readings for s in r.samples]
    assert sample.measurand != "Energy.Active.Import.Register"
