"""Stations that tell: events as the edge would hand them over."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from stations.models import ChargingStation
from stations.vocabulary.events import (
    Metered,
    TokenPresented,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
)
from stations.vocabulary.values import EvseRef, IdToken, Reading, Sample, StationRef

MORNING = datetime(2026, 5, 1, 8, 30, tzinfo=UTC)
REGISTER = "Energy.Active.Import.Register"


def reading(
    at: datetime,
    wh: Any = None,
    *,
    power: Any = None,
    soc: Any = None,
    current: Any = None,
    context: str = "Sample.Periodic",
) -> Reading:
    samples = []
    if wh is not None:
        samples.append(Sample(REGISTER, Decimal(str(wh)), "Wh", context=context))
    if power is not None:
        samples.append(Sample("Power.Active.Import", Decimal(str(power)), "W", context=context))
    if soc is not None:
        samples.append(Sample("SoC", Decimal(str(soc)), "Percent", context=context))
    if current is not None:
        samples.append(Sample("Current.Import", Decimal(str(current)), "A", context=context))
    return Reading(at, tuple(samples))


def ref(station: ChargingStation) -> StationRef:
    return StationRef(station.pk, station.operator_id, station.identity)


@dataclass
class Teller:
    """One station; minutes count from MORNING on the station's clock, and are heard without delay unless said otherwise."""

    station: ChargingStation
    version: str = "ocpp1.6"
    messages: int = field(default=0)

    def _common(self, minute: float, heard: float | None) -> dict[str, Any]:
        self.messages += 1
        return {
            "station": ref(self.station),
            "version": self.version,
            "message_id": f"m{self.messages}",
            "received_at": MORNING + timedelta(minutes=minute if heard is None else heard),
        }

    def present(self, tag: str) -> TokenPresented:
        return TokenPresented(token=IdToken(tag), **self._common(0, None))

    def start(
        self,
        minute: float,
        tag: str = "04A1B2C3",
        *,
        meter: Any = 1200,
        evse: int = 1,
        heard: float | None = None,
        **more: Any,
    ) -> TransactionStarted:
        facts: dict[str, Any] = {"occurred_at": MORNING + timedelta(minutes=minute)} | self._common(minute, heard)
        return TransactionStarted(
            **facts | {"evse": EvseRef(evse, 1), "token": IdToken(tag), "meter_wh": Decimal(str(meter))} | more
        )

    def update(
        self,
        minute: float,
        transaction: str | None,
        wh: Any = None,
        *,
        evse: int = 1,
        heard: float | None = None,
        **more: Any,
    ) -> TransactionUpdated:
        at = MORNING + timedelta(minutes=minute)
        measured = {name: more.pop(name) for name in ("power", "soc", "current") if name in more}
        return TransactionUpdated(
            **{
                "occurred_at": at,
                "transaction_id": transaction,
                "evse": EvseRef(evse, 1),
                "readings": (reading(at, wh, **measured),),
            }
            | self._common(minute, heard)
            | more
        )

    def stop(
        self,
        minute: float,
        transaction: str | None,
        meter: Any,
        *,
        reason: str = "Local",
        tag: str | None = None,
        heard: float | None = None,
        **more: Any,
    ) -> TransactionEnded:
        return TransactionEnded(
            **{
                "occurred_at": MORNING + timedelta(minutes=minute),
                "transaction_id": transaction,
                "meter_wh": Decimal(str(meter)),
                "reason": reason,
                "token": IdToken(tag) if tag else None,
            }
            | self._common(minute, heard)
            | more
        )

    def meter(
        self, minute: float, wh: Any = None, *, evse: int = 1, heard: float | None = None, **measured: Any
    ) -> Metered:
        at = MORNING + timedelta(minutes=minute)
        return Metered(
            evse=EvseRef(evse, 1 if evse else None),
            readings=(reading(at, wh, **measured),),
            **self._common(minute, heard),
        )


@dataclass
class Teller2(Teller):
    """A 2.0.1 station: it numbers its events and names its transactions itself."""

    version: str = "ocpp2.0.1"

    def event(
        self,
        kind: type,
        minute: float,
        transaction: str,
        seq_no: int,
        wh: Any = None,
        *,
        heard: float | None = None,
        **more: Any,
    ) -> Any:
        at = more.pop("at", MORNING + timedelta(minutes=minute))
        measured = {name: more.pop(name) for name in ("power", "soc", "context") if name in more}
        readings = (reading(at, wh, **measured),) if wh is not None or measured else ()
        return kind(
            **{"occurred_at": at, "transaction_id": transaction, "seq_no": seq_no, "readings": readings}
            | self._common(minute, heard)
            | more
        )
