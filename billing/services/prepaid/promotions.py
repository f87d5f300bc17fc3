"""What codes take off charges, asked at rating and before a start. They are entered in `redeeming`."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import NamedTuple, Protocol

from django.db.models import Count, Min

from accounts.models import Driver
from billing.models import Promotion, PromotionUse, Redemption
from billing.services.fleets import memberships
from cms.core import rows
from sessions_app.models import ChargingSession

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Discount:
    """What one charge is given: `percent` of its price, an `amount` incl. VAT, or `energy_wh` free; the others are 0.
    `label` is the code as people know it."""

    redemption_id: int
    label: str
    percent: Fraction = Fraction(0)
    amount: Fraction = Fraction(0)
    energy_wh: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Use:
    """A charge record that was cheaper by a redemption."""

    cdr_id: int
    redemption_id: int


class _Charge(Protocol):
    """What a promotion asks of a charge; a ChargingSession fits."""

    @property
    def pk(self) -> int: ...
    @property
    def operator_id(self) -> int: ...
    @property
    def driver_id(self) -> int | None: ...
    @property
    def location_id(self) -> int | None: ...
    @property
    def started_at(self) -> datetime: ...


class Beginning(NamedTuple):
    """A charge that has not begun."""

    operator_id: int
    driver_id: int
    location_id: int | None
    started_at: datetime
    pk: int = 0


# ---- rating -----------------------------------------------------------------------------------------------------------


class Codes:
    """What codes give to some charges while they are priced one after the other: `fitting` ones by charge, what ends first first."""

    def __init__(self, fitting: Mapping[int, Sequence[Redemption]], used_up: Counter[int]) -> None:
        self._fitting = fitting
        self._used_up = used_up

    def left(self, charge: int) -> Discount | None:
        for redemption in self._fitting.get(charge, ()):
            each = redemption.promotion.charges_each
            if each is None or self._used_up[redemption.pk] < each:
                return given_by(redemption)
        return None

    def take(self, redemption_id: int) -> None:
        self._used_up[redemption_id] += 1


def codes(sessions: Sequence[ChargingSession], *, lock: bool = True) -> Codes:
    """Four queries at most, one where nobody has a code.

    A code counts for charges that began after it was entered, in its window, at its places, and before somebody ended it. Of
    several codes the one that ends first is used. With `lock` the redemptions are locked, in the order of their keys, until the
    transaction ends; what the same sessions used when they were rated before does not count.
    """
    charges = [session for session in sessions if session.driver_id and not session.discarded]
    return _codes(charges, _redemptions(charges, lock=lock), without=[session.pk for session in charges])


def used(uses: Iterable[Use]) -> None:
    """What rating made of it: only charges that became cheaper. A second time for the same record changes nothing."""
    rows.insert_new(
        PromotionUse, ("redemption_id", "cdr_id"), [(u.redemption_id, u.cdr_id) for u in uses], conflict=("cdr_id",)
    )


def _codes(
    charges: Sequence[_Charge], mine: Mapping[tuple[int, int], Sequence[Redemption]], *, without: Sequence[int]
) -> Codes:
    every = [redemption for of_driver in mine.values() for redemption in of_driver]
    if not every:
        return Codes({}, Counter())
    places = _places({r.promotion_id for r in every})
    firsts = first_charges({r.driver_id for r in every if r.promotion.first_charge_only})

    def fits(redemption: Redemption, charge: _Charge) -> bool:
        promotion, at = redemption.promotion, charge.started_at
        elsewhere = promotion.pk in places and charge.location_id not in places[promotion.pk]
        late = promotion.first_charge_only and firsts.get(redemption.driver_id, at) < at
        return not (elsewhere or late) and _holds(redemption, at)

    fitting = {
        charge.pk: [r for r in mine.get((charge.operator_id, charge.driver_id or 0), ()) if fits(r, charge)]
        for charge in charges
    }
    return Codes(fitting, _used([r.pk for r in every], without=without))


def _redemptions(charges: Sequence[_Charge], *, lock: bool) -> dict[tuple[int, int], list[Redemption]]:
    """Codes that may make a charge cheaper, by operator and driver; what ends first comes first."""
    whose = {charge.driver_id for charge in charges if charge.driver_id}
    if not whose:
        return {}
    rows_ = Redemption.objects.select_for_update(of=("self",)) if lock else Redemption.objects.all()
    wanted = rows_.filter(driver__in=whose).exclude(promotion__kind=Promotion.Kind.VOUCHER)
    found: dict[tuple[int, int], list[Redemption]] = defaultdict(list)
    for redemption in wanted.select_related("promotion").order_by("pk"):
        found[redemption.promotion.operator_id, redemption.driver_id].append(redemption)
    for of_driver in found.values():
        of_driver.sort(key=lambda r: (r.promotion.valid_until or _NEVER, r.pk))
    return found


def _holds(redemption: Redemption, at: datetime) -> bool:
    promotion = redemption.promotion
    ends = [end for end in (promotion.valid_until, promotion.ended_at) if end is not None]
    return max(redemption.created_at, promotion.valid_from) <= at and all(at < end for end in ends)


def _used(redemptions: Sequence[int], *, without: Sequence[int]) -> Counter[int]:
    standing = PromotionUse.objects.standing().filter(redemption__in=redemptions).exclude(cdr__session__in=without)
    counted = standing.values("redemption_id").order_by("redemption_id").annotate(n=Count("pk"))
    return Counter({row["redemption_id"]: row["n"] for row in counted})


def _places(promotions: set[int]) -> dict[int, set[int]]:
    """Promotions that hold at some locations only."""
    found: dict[int, set[int]] = defaultdict(set)
    links = Promotion.locations.through.objects.filter(promotion__in=promotions)
    for promotion, location in links.values_list("promotion_id", "location_id"):
        found[promotion].add(location)
    return found


def first_charges(whose: set[int]) -> dict[int, datetime]:
    """When each driver charged for the first time, energy or nothing."""
    if not whose:
        return {}
    charged = ChargingSession.objects.filter(driver__in=whose, energy__gt=0, discarded=False)
    first = charged.values("driver_id").order_by("driver_id").annotate(at=Min("started_at"))
    return {row["driver_id"]: row["at"] for row in first}


def given_by(redemption: Redemption) -> Discount:
    """What a code gives to one charge."""
    promotion, value = redemption.promotion, Fraction(redemption.promotion.value)
    kinds = {
        Promotion.Kind.PERCENT: {"percent": value},
        Promotion.Kind.AMOUNT: {"amount": value},
        Promotion.Kind.ENERGY: {"energy_wh": value * 1000},
    }
    return Discount(redemption.pk, promotion.code, **kinds[Promotion.Kind(promotion.kind)])


def offer(*, driver: Driver, location_id: int | None, at: datetime) -> Discount | None:
    """What a charge that begins now would be given: what runs already comes first. Nothing where a company pays."""
    if memberships.of(driver) is not None:
        return None
    running = ChargingSession.objects.active().filter(driver=driver, discarded=False)
    begins = Beginning(driver.operator_id, driver.pk, location_id, at)
    charges: list[_Charge] = [*running.order_by("started_at", "pk"), begins]
    given = _codes(charges, _redemptions(charges, lock=False), without=[])
    for charge in charges[:-1]:
        if (discount := given.left(charge.pk)) is not None:
            given.take(discount.redemption_id)
    return given.left(begins.pk)
