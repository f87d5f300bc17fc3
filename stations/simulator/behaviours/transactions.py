"""Transactions whose messages repeat, go astray, bear wrong numbers or wrong names; and stations that lose track of them."""

import time
from typing import TYPE_CHECKING

from .behaviour import METER, START, STOP, Behaviour, Frame, Payload

if TYPE_CHECKING:
    from ..hardware import Connector
    from ..station import Station

INT64_MAX = 2**63 - 1
SERIAL = "SN-2210-0471"
MISHAP_AFTER = 5
"""Readings."""


class StartsAgainAfterStop(Behaviour):
    """The start of a transaction once more after its stop was answered."""

    def __init__(self) -> None:
        self.start: Frame | None = None

    def frames(self, frame: Frame) -> list[Frame]:
        if frame.about == START:
            self.start = frame.copy()
        again = self.start if frame.about == STOP else None
        return [frame, again.copy()] if again else [frame]


# ---- numbers -------------------------------------------------------------------------------------------------------


def numbered(payload: Payload, number: int) -> None:
    if "transactionId" in payload:
        payload["transactionId"] = number


def own_number(payload: Payload) -> None:
    numbered(payload, int(time.time()))


def no_reservation(payload: Payload) -> None:
    payload["reservationId"] = 0


class CountsFromOne(Behaviour):
    """2.x: transaction ids count from 1, anew after each boot."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}

    def frames(self, frame: Frame) -> list[Frame]:
        if frame.action == "BootNotification":
            self.ids = {}
        if frame.action == "TransactionEvent":
            info = frame.payload["transactionInfo"]
            info["transactionId"] = self.ids.setdefault(info["transactionId"], str(len(self.ids) + 1))
        return [frame]


# ---- who -----------------------------------------------------------------------------------------------------------


def no_token(payload: Payload) -> None:
    payload.pop("idTag", None)
    payload.pop("idToken", None)


def spelled_otherwise(payload: Payload) -> None:
    """04A1B2C3 as 04:a1:b2:c3."""

    def spell(text: str) -> str:
        return ":".join(text[at : at + 2] for at in range(0, len(text), 2)).lower()

    if "idTag" in payload:
        payload["idTag"] = spell(payload["idTag"])
    if "idToken" in payload:
        payload["idToken"]["idToken"] = spell(payload["idToken"]["idToken"])


def start_button(payload: Payload) -> None:
    """2.x: nobody asks who it is."""
    if "idToken" in payload:
        payload["idToken"] = {"idToken": "", "type": "NoAuthorization"}


class IgnoresRefusals(Behaviour):
    """It goes on, whatever we think of the token (StopTransactionOnInvalidId=false)."""

    heeds_refusals = False


class FreeVend(IgnoresRefusals):
    """Everybody may charge, in the name of the station's own serial number."""

    def frames(self, frame: Frame) -> list[Frame]:
        if frame.about == START and "idTag" in frame.payload:
            frame.payload["idTag"] = SERIAL
        elif frame.about == START:
            frame.payload["idToken"] = {"idToken": SERIAL, "type": "Local"}
        return [frame]


# ---- the order of things -------------------------------------------------------------------------------------------


class EndsLate(Behaviour):
    """The end of a transaction is told after the start of the next."""

    def __init__(self) -> None:
        self.held: list[Frame] = []

    def frames(self, frame: Frame) -> list[Frame]:
        if frame.about == STOP:
            self.held.append(frame)
            return []
        late, self.held = (self.held, []) if frame.about == START else ([], self.held)
        return [frame, *late]


class MetersLate(Behaviour):
    """Each reading waits for the next one, and the last is told after the end."""

    def __init__(self) -> None:
        self.held: list[Frame] = []

    def frames(self, frame: Frame) -> list[Frame]:
        late, self.held = (self.held, [frame]) if frame.about == METER else (self.held, [])
        return late if frame.about == METER else [frame, *late]


class Shuffles(Behaviour):
    """Every second reading is overtaken by what follows and called offline; numbers have gaps, and nobody names a connector."""

    def __init__(self) -> None:
        self.count = 0
        self.held: list[Frame] = []

    def frames(self, frame: Frame) -> list[Frame]:
        if not frame.about:
            return [frame]
        if "seqNo" in frame.payload:
            frame.payload["seqNo"] *= 3
            frame.payload.get("evse", {}).pop("connectorId", None)
        self.count += frame.about == METER
        if frame.about == METER and self.count % 2:
            if "seqNo" in frame.payload:
                frame.payload["offline"] = True
            self.held.append(frame)
            return []
        late, self.held = self.held, []
        return [frame, *late]


# ---- the station itself --------------------------------------------------------------------------------------------


class NeverBegins(Behaviour):
    """A remote start is accepted, and then nothing happens."""

    begins_remotely = False


class _Once(Behaviour):
    """Something happens once, after some readings of the first transaction."""

    def __init__(self) -> None:
        self.readings = 0

    async def sampled(self, station: "Station", connector: "Connector") -> None:
        self.readings += 1
        if self.readings == MISHAP_AFTER:
            await self.happens(station, connector)

    async def happens(self, station: "Station", connector: "Connector") -> None:
        raise NotImplementedError


class RestartsSilently(_Once):
    """It ends the transaction by itself and begins another one at once; the cable stays in."""

    async def happens(self, station: "Station", connector: "Connector") -> None:
        if connector.transaction:
            token = connector.transaction.token
            await station.stop(connector.id, reason="Other")
            await station.start(connector, token)


class LosesPower(_Once):
    """The power goes, and with it all memory of the transaction; it boots and never tells the end."""

    async def happens(self, station: "Station", connector: "Connector") -> None:
        connector.transaction, connector.power_w = None, 0.0
        await station.power_off()
        await station.connect(reason="PowerUp")
        await station.back_again()
