"""The messages of one whole charging session, as a well-behaved station sends them: 1.6 and 2.0.1."""

from collections.abc import Iterator
from datetime import UTC, datetime

METER_MESSAGES = 10
_UNITS_16 = (
    ("Energy.Active.Import.Register", "Wh", None), ("Power.Active.Import", "W", None), ("Current.Import", "A", "L1"),
    ("Voltage", "V", "L1-N"), ("SoC", "Percent", None), ("Temperature", "Celsius", None),
)  # fmt: skip


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class Session16:
    """Yields (action, payload) for ever; `answered(payload)` takes the transaction id from the start's answer.

    Real stations do not march in step: the first session of each is shorter by its number.
    """

    subprotocol = "ocpp1.6"

    def __init__(self, number: int) -> None:
        self.tag, self.wh, self.transaction = f"BENCH{number:05d}", 1000 + number, 0
        self.skipped = number % METER_MESSAGES

    def steps(self) -> Iterator[tuple[str, str]]:
        yield "BootNotification", '{"chargePointVendor":"Bench","chargePointModel":"B-1","firmwareVersion":"1.0"}'
        yield self.status("Available")
        while True:
            yield "Authorize", f'{{"idTag":"{self.tag}"}}'
            start = f'{{"connectorId":1,"idTag":"{self.tag}","meterStart":{self.wh},"timestamp":"{now()}"}}'
            yield "StartTransaction", start
            yield self.status("Charging")
            for turn in range(self.skipped, METER_MESSAGES):
                yield "MeterValues", self.meter()
                if turn == METER_MESSAGES // 2:
                    yield "Heartbeat", "{}"
            yield (
                "StopTransaction",
                f'{{"transactionId":{self.transaction},"idTag":"{self.tag}","meterStop":{self.wh},'
                f'"timestamp":"{now()}","reason":"Local"}}',
            )
            yield self.status("Available")
            self.skipped = 0

    def answered(self, answer: dict) -> None:
        self.transaction = answer.get("transactionId", self.transaction)

    def status(self, word: str) -> tuple[str, str]:
        body = f'{{"connectorId":1,"errorCode":"NoError","status":"{word}","timestamp":"{now()}"}}'
        return "StatusNotification", body

    def meter(self) -> str:
        self.wh += 17
        samples = []
        for place, (measurand, unit, phase) in enumerate(_UNITS_16):
            value = str(self.wh) if place == 0 else f"{16.5 + place:.1f}"
            on = f',"phase":"{phase}"' if phase else ""
            samples.append(
                f'{{"value":"{value}","context":"Sample.Periodic","measurand":"{measurand}","location":"Outlet","unit":"{unit}"{on}}}'
            )
        return (
            f'{{"connectorId":1,"transactionId":{self.transaction},'
            f'"meterValue":[{{"timestamp":"{now()}","sampledValue":[{",".join(samples)}]}}]}}'
        )


class Session201:
    """The same session in OCPP 2.0.1."""

    subprotocol = "ocpp2.0.1"

    def __init__(self, number: int) -> None:
        self.number, self.tag, self.wh, self.count, self.seq = number, f"BENCH{number:05d}", 1000 + number, 0, 0
        self.skipped = number % METER_MESSAGES

    def steps(self) -> Iterator[tuple[str, str]]:
        yield "BootNotification", '{"reason":"PowerUp","chargingStation":{"vendorName":"Bench","model":"B-2"}}'
        yield self.status("Available")
        while True:
            self.count += 1
            yield "Authorize", f'{{"idToken":{{"idToken":"{self.tag}","type":"ISO14443"}}}}'
            token = f',"idToken":{{"idToken":"{self.tag}","type":"ISO14443"}}'
            yield self.event("Started", "Authorized", token)
            yield self.status("Occupied")
            for turn in range(self.skipped, METER_MESSAGES):
                self.wh += 17
                yield self.event("Updated", "MeterValuePeriodic")
                if turn == METER_MESSAGES // 2:
                    yield "Heartbeat", "{}"
            yield self.event("Ended", "EVDeparted")
            yield self.status("Available")
            self.skipped = 0

    def answered(self, answer: dict) -> None:
        """Nothing to learn: the station allots the transaction id."""

    def status(self, word: str) -> tuple[str, str]:
        body = f'{{"timestamp":"{now()}","connectorStatus":"{word}","evseId":1,"connectorId":1}}'
        return "StatusNotification", body

    def event(self, kind: str, trigger: str, extra: str = "") -> tuple[str, str]:
        self.seq = 0 if kind == "Started" else self.seq + 1
        reason = ',"stoppedReason":"EVDisconnected"' if kind == "Ended" else ""
        samples = [f'{{"value":{self.wh},"measurand":"Energy.Active.Import.Register","unitOfMeasure":{{"unit":"Wh"}}}}']
        samples += [f'{{"value":{16.5 + n},"measurand":"{name}"}}' for n, (name, _, _) in enumerate(_UNITS_16[1:5])]
        body = (
            f'{{"eventType":"{kind}","timestamp":"{now()}","triggerReason":"{trigger}","seqNo":{self.seq},'
            f'"transactionInfo":{{"transactionId":"bench-{self.number}-{self.count}","chargingState":"Charging"{reason}}},'
            f'"evse":{{"id":1,"connectorId":1}}{extra},'
            f'"meterValue":[{{"timestamp":"{now()}","sampledValue":[{",".join(samples)}]}}]}}'
        )
        return "TransactionEvent", body


SESSIONS = {"1.6": Session16, "2.0.1": Session201}
