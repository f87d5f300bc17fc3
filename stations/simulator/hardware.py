"""What a simulated station is made of: its nameplate, its connectors, the transactions on them."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from .battery import Car
from .limits import VOLTS


@dataclass(frozen=True, slots=True)
class Resumed:
    """A transaction that was running when the simulated station was last switched off. Energy in Wh; `power_w` is what
    flowed last (0: the battery wanted no more, None: nobody knows)."""

    connector: int
    transaction_id: str
    token: str
    started_at: datetime
    last_at: datetime
    meter_start: Decimal
    seq_no: int = 0
    soc: float = 0.5
    power_w: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """The nameplate and the way home. `url` is the endpoint without the identity; registers in Wh, power in W.

    `broken` maps a connector to (errorCode, vendorErrorCode); `flaky` lets it drop off and come back.
    `resumed` are transactions that ran when it was last switched off. `signs`: its meters sign begin and end (`signing`).
    """

    identity: str
    url: str
    version: str = "1.6"
    password: str | None = None
    vendor: str = "Elettra"
    model: str = "Duo 22"
    serial: str = ""
    firmware: str = "1.4.2"
    connectors: int = 2
    dc: bool = False
    max_w: int = 22_000
    quirks: tuple[str, ...] = ()
    registers: Mapping[int, Decimal] = field(default_factory=dict)
    broken: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    out_of_service: tuple[int, ...] = ()
    resumed: tuple[Resumed, ...] = ()
    visits_per_day: float = 4.0
    flaky: bool = False
    signs: bool = False


@dataclass(slots=True)
class Transaction:
    """`id` is the protocol's: the station's own in 2.x, the central system's in 1.6 (None until it has answered)."""

    connector: int
    token: str
    started_at: datetime
    meter_start: int
    id: str | None = None
    remote_start_id: int | None = None
    reservation_id: int | None = None
    seq_no: int = 0
    refused: bool = False
    state: str = "EVConnected"  # the 2.x chargingState last told
    key: str = field(default_factory=lambda: str(uuid.uuid4()))

    def next_seq_no(self) -> int:
        self.seq_no += 1
        return self.seq_no - 1


@dataclass(frozen=True, slots=True)
class Reading:
    """What a meter shows at one instant. Power in W, current in A per phase, `soc` in percent."""

    at: datetime
    register_wh: int
    power_w: int
    phases: int
    soc: int | None = None

    @property
    def amperes(self) -> float:
        return round(self.power_w / (VOLTS * self.phases), 1)


@dataclass(slots=True)
class Connector:
    """`register` is the meter's total in Wh, exact; the wire shows it in whole Wh."""

    id: int
    dc: bool
    max_w: int
    register: Decimal = Decimal(0)
    status: str = "Available"
    error_code: str = "NoError"
    vendor_error_code: str = ""
    info: str = ""
    car: Car | None = None
    transaction: Transaction | None = None
    operative: bool = True
    locked_for: str | None = None  # a token that was accepted before the cable came
    locked_until: datetime | None = None
    remote_start_id: int | None = None
    reserved: tuple[int, str, datetime] | None = None  # reservation id, token, until
    profile: Any = None  # sent along with a remote start
    power_w: float = 0.0
    metered_at: datetime | None = None

    @property
    def free(self) -> bool:
        return self.car is None and self.transaction is None and self.status in ("Available", "Preparing", "Reserved")

    @property
    def usable(self) -> bool:
        return self.operative and self.status not in ("Faulted", "Unavailable")

    @property
    def register_wh(self) -> int:
        return int(self.register.to_integral_value(ROUND_DOWN))

    def reading(self, at: datetime) -> Reading:
        soc = round(self.car.soc * 100) if self.car else None
        return Reading(at, self.register_wh, round(self.power_w), 1 if self.dc else 3, soc)

    def flow(self, until: datetime, limit: float | None) -> None:
        """Lets energy flow since the last look, as the car, the station and the limit allow."""
        since, self.metered_at = self.metered_at or until, until
        if self.car is None or self.transaction is None:
            self.power_w = 0.0
            return
        offered = min(self.max_w, self.max_w if limit is None else limit)
        self.power_w = min(self.car.accepts_w(dc=self.dc), offered)
        wh = self.car.take(self.power_w * (until - since).total_seconds() / 3600)
        self.register += Decimal(repr(round(wh, 3)))
        if self.car.full:
            self.power_w = 0.0
