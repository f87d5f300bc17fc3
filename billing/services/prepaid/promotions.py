"""Vouchers and promo codes: entered by drivers, taken off charges at rating."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple, Protocol

from django.db import transaction
from django.db.models import Count, Min, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Driver, User
from accounts.services import drivers
from billing.models import FailedCode, Promotion, PromotionUse, Redemption, WalletEntry
from billing.models.promotion import compared
from billing.services.fleets import memberships
from billing.services.prepaid import wallets
from cms.core import rows
from cms.core.errors import Conflict
from sessions_app.models import ChargingSession

GUESSES, WITHIN = 10, timedelta(hours=1)  # wrong codes of one person
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


class Entered(NamedTuple):
    """`fresh`: by this call; False: the driver had entered the code before."""

    redemption: Redemption
    fresh: bool


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
    firsts = _first_charges({r.driver_id for r in every if r.promotion.first_charge_only})

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


def _first_charges(whose: set[int]) -> dict[int, datetime]:
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


# ---- entering a code --------------------------------------------------------------------------------------------------


def redeem(*, driver: Driver, code: str) -> Entered:
    """A driver enters a code; a voucher's money is in the wallet then. Raises Conflict: too_many_codes, code_unknown, code_early,
    code_expired, code_used_up, code_not_for_you. A wrong guess is remembered, whatever becomes of the request."""
    [promotion] = _known(driver.user, code, Promotion.objects.filter(operator=driver.operator_id))[:1]
    return _redeem(promotion, driver)


def enter(*, user: User, code: str) -> Entered:
    """The same for a person who may charge at several operators, or nowhere yet: the first operator that takes the code, one where
    the person charges before the others."""
    known = _known(user, code, Promotion.objects.all())
    mine = set(Driver.objects.filter(user=user).values_list("operator_id", flat=True))
    known.sort(key=lambda promotion: (promotion.operator_id not in mine, promotion.pk))
    refused: Conflict | None = None
    for promotion in known:
        try:
            return _redeem(promotion, drivers.of(user=user, operator=promotion.operator))
        except Conflict as no:
            refused = refused or no
    assert refused is not None
    raise refused


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


def _known(user: User, code: str, among: "QuerySet[Promotion]") -> list[Promotion]:
    since = timezone.now() - WITHIN
    FailedCode.objects.filter(user=user, at__lt=since).delete()
    if FailedCode.objects.filter(user=user).count() >= GUESSES:
        raise Conflict(_("Too many codes that do not exist. Try again in an hour."), code="too_many_codes")
    key = compared(code)
    found = list(among.filter(key=key).select_related("operator").order_by("pk")) if key else []
    if not found:
        FailedCode.objects.create(user=user, at=timezone.now())
        raise Conflict(_("There is no such code. Look at it again: letters and digits count."), code="code_unknown")
    return found


@transaction.atomic
def _redeem(given: Promotion, driver: Driver) -> Entered:
    """The promotion's row is the lock: of two who want the last place, one has it."""
    promotion = Promotion.objects.select_for_update(of=("self",)).get(pk=given.pk)
    before = Redemption.objects.filter(promotion=promotion, driver=driver).first()
    if before is not None:
        return Entered(before, fresh=False)
    _check(promotion, driver, timezone.now())
    redemption = Redemption.objects.create(promotion=promotion, driver=driver)
    if promotion.kind == Promotion.Kind.VOUCHER:
        wallets.credit(
            driver=driver,
            amount=promotion.value,
            kind=WalletEntry.Kind.VOUCHER,
            key=f"voucher:{redemption.pk}",
            reason=promotion.code,
        )
    return Entered(redemption, fresh=True)


def _check(promotion: Promotion, driver: Driver, now: datetime) -> None:
    if now < promotion.valid_from:
        raise Conflict(_("This code does not hold yet."), code="code_early", valid_from=promotion.valid_from)
    if promotion.ended_at is not None or (promotion.valid_until is not None and now >= promotion.valid_until):
        raise Conflict(_("This code has expired."), code="code_expired")
    if promotion.limit is not None and promotion.redemptions.count() >= promotion.limit:
        raise Conflict(_("This code has been used up."), code="code_used_up")
    if promotion.group_id and not driver.groups.filter(pk=promotion.group_id).exists():
        raise Conflict(_("This code is for other drivers."), code="code_not_for_you")
    if promotion.first_charge_only and _first_charges({driver.pk}):
        raise Conflict(_("This code is for a first charge, and you have charged here before."), code="code_not_for_you")
    if promotion.kind == Promotion.Kind.VOUCHER and promotion.currency != wallets.of(driver=driver).currency:
        raise Conflict(_("This voucher is in another currency than your wallet."), code="code_not_for_you")
