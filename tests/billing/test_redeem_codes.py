"""Vouchers and promo codes: entered once, in their window, by those they are for; then charges are cheaper."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Company, CompanyMember, Driver, DriverGroup, Operator
from billing.models import CDR, FailedCode, Promotion, PromotionUse, Redemption, TariffVersion, WalletEntry
from billing.services.charges import rating
from billing.services.prepaid import promotions, redeeming, wallets
from billing.services.prepaid.promotions import Discount
from cms.core.errors import Conflict
from sessions_app.models import ChargingSession
from stations.models import ChargingStation
from tests.billing.test_number_gaplessly import in_threads, shared  # noqa: F401
from tests.factories import DriverFactory, LocationFactory
from tests.factories.billing import CDRFactory

JUNE = datetime(2026, 6, 1, tzinfo=UTC)
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
Ended = Callable[..., ChargingSession]


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def promotion(operator: Operator, **terms: Any) -> Promotion:
    facts = {"code": "ESTATE26", "kind": "percent", "value": Decimal(20), "currency": "EUR", "valid_from": JUNE}
    made: Promotion = Promotion.objects.create(operator=operator, **{**facts, **terms})
    return made


def refusal(driver: Driver, code: str) -> str:
    with pytest.raises(Conflict) as refused:
        redeeming.redeem(driver=driver, code=code)
    return refused.value.code


def redeemed(driver: Driver, given: Promotion, at: datetime = JUNE) -> Redemption:
    redemption = Redemption.objects.create(promotion=given, driver=driver)
    Redemption.objects.filter(pk=redemption.pk).update(created_at=at)
    return redemption


def discounts(sessions: Sequence[ChargingSession]) -> dict[int, Discount]:
    """By charge, when each takes what it is given, the first that began first."""
    codes, found = promotions.codes(sessions), {}
    for session in sorted(sessions, key=lambda one: (one.started_at, one.pk)):
        if (discount := codes.left(session.pk)) is not None:
            codes.take(discount.redemption_id)
            found[session.pk] = discount
    return found


# ---- entering -----------------------------------------------------------------------------------------------------------


def test_a_code_is_entered_however_it_is_typed_and_once(dario: Driver, operator: Operator) -> None:
    given = promotion(operator)
    first, again = (redeeming.redeem(driver=dario, code=typed) for typed in (" estate-26", "ESTATE 26"))
    assert (first.fresh, again.fresh) == (True, False)
    assert first.redemption.pk == again.redemption.pk == Redemption.objects.get(promotion=given, driver=dario).pk
    assert not FailedCode.objects.exists()


def test_a_voucher_is_money_in_the_wallet_once(dario: Driver, operator: Operator) -> None:
    promotion(operator, code="AB3D-E5FGH", kind="voucher", value=Decimal(25), limit=1)
    for _ in range(2):
        redeeming.redeem(driver=dario, code="ab3de5fgh")
    entry = WalletEntry.objects.get()
    assert (entry.kind, entry.amount, entry.balance, entry.reason) == ("voucher", 25, 25, "AB3D-E5FGH")


def test_each_refusal_says_why_and_changes_nothing(
    dario: Driver, operator: Operator, other_operator: Operator, ended: Ended
) -> None:
    ended()
    promotion(operator, code="EARLY", valid_from=NOON + timedelta(days=1))
    promotion(operator, code="LATE", valid_until=NOON)
    promotion(operator, code="ENDED", ended_at=NOON)
    promotion(operator, code="FULL", limit=0)
    promotion(operator, code="GROUP", group=DriverGroup.objects.create(operator=operator, name="Fire brigade"))
    promotion(operator, code="FIRST", first_charge_only=True)
    promotion(operator, code="FRANCS", kind="voucher", currency="CHF")
    promotion(other_operator, code="THEIRS")

    assert refusal(dario, "EARLY") == "code_early"
    assert refusal(dario, "LATE") == refusal(dario, "ENDED") == "code_expired"
    assert refusal(dario, "FULL") == "code_used_up"
    assert refusal(dario, "GROUP") == refusal(dario, "FIRST") == refusal(dario, "FRANCS") == "code_not_for_you"
    assert refusal(dario, "THEIRS") == refusal(dario, "") == refusal(dario, "🦄\x00") == "code_unknown"
    assert not Redemption.objects.exists()
    assert not WalletEntry.objects.exists()
    assert FailedCode.objects.count() == 3


def test_who_guesses_waits_for_an_hour(dario: Driver, operator: Operator, clock: Any) -> None:
    promotion(operator)
    for number in range(redeeming.GUESSES):
        assert refusal(dario, f"ESTATE{number}") == "code_unknown"
    assert refusal(dario, "ESTATE26") == "too_many_codes"
    assert not Redemption.objects.exists()
    clock.shift(timedelta(hours=1, seconds=1))
    assert redeeming.redeem(driver=dario, code="ESTATE26").fresh


def test_of_two_who_want_the_last_place_one_has_it(shared: Callable[[], None]) -> None:  # noqa: F811
    drivers = [DriverFactory()]
    drivers += [DriverFactory(operator=drivers[0].operator) for _ in range(5)]
    promotion(drivers[0].operator, kind="voucher", value=Decimal(5), limit=1)
    shared()

    def enter(driver: Driver) -> str:
        try:
            redeeming.redeem(driver=driver, code="ESTATE26")
        except Conflict as refused:
            return refused.code
        return "in"

    assert sorted(in_threads(enter, drivers)) == ["code_used_up"] * 5 + ["in"]
    assert in_threads(lambda _: (Redemption.objects.count(), WalletEntry.objects.count()), [0]) == [(1, 1)]


# ---- cheaper charges -----------------------------------------------------------------------------------------------------


def test_each_kind_says_what_it_takes_off(dario: Driver, operator: Operator, ended: Ended) -> None:
    kinds = {"percent": {"percent": 20}, "amount": {"amount": Fraction(5, 2)}, "energy": {"energy_wh": 10_000}}
    for value, (kind, off) in zip(("20", "2.5", "10"), kinds.items(), strict=True):
        code = promotion(operator, code=kind, kind=kind, value=Decimal(value))
        redemption = redeemed(dario, code)
        session = ended()
        assert discounts([session])[session.pk] == Discount(redemption.pk, kind, **off)
        Promotion.objects.filter(pk=code.pk).update(ended_at=JUNE)


def test_a_code_counts_for_charges_that_began_after_it_was_entered_and_in_its_window(
    dario: Driver, operator: Operator, ended: Ended
) -> None:
    entered, until = NOON - timedelta(hours=2), NOON
    redemption = redeemed(dario, promotion(operator, valid_until=until), at=entered)
    moments = [entered - timedelta(seconds=1), entered, until - timedelta(seconds=1), until]
    sessions = [ended(started_at=at) for at in moments]
    assert discounts(sessions).keys() == {sessions[1].pk, sessions[2].pk}
    Promotion.objects.filter(pk=redemption.promotion_id).update(ended_at=NOON - timedelta(hours=1))
    assert discounts(sessions).keys() == {sessions[1].pk}, "began before somebody ended it"


def test_places_drivers_and_operators_that_it_is_not_for_pay_the_full_price(
    dario: Driver, operator: Operator, ended: Ended, station: ChargingStation
) -> None:
    here = promotion(operator, code="HERE")
    here.locations.add(LocationFactory(operator=operator))
    redeemed(dario, here)
    session = ended()
    assert discounts([session]) == {}
    here.locations.add(station.location)
    assert discounts([session]).keys() == {session.pk}
    assert discounts([ended(driver=None), ended(driver=DriverFactory(operator=operator))]) == {}


def test_what_is_left_is_given_to_the_first_charges(dario: Driver, operator: Operator, ended: Ended) -> None:
    redemption = redeemed(dario, promotion(operator, charges_each=2))
    used = CDRFactory(driver=dario)
    promotions.used([promotions.Use(used.pk, redemption.pk)] * 2)
    assert PromotionUse.objects.count() == 1
    third, second = ended(started_at=NOON), ended(started_at=NOON - timedelta(hours=3))
    assert discounts([third, second]).keys() == {second.pk}

    CDRFactory(driver=dario, session=used.session, credits=used, revision=2, incl=Decimal("-12.20"))
    assert discounts([third, second]).keys() == {second.pk, third.pk}, "the credit gave it back"


def test_of_two_codes_the_one_that_ends_first_is_used(dario: Driver, operator: Operator, ended: Ended) -> None:
    redeemed(dario, promotion(operator, code="FOREVER"))
    redeemed(dario, promotion(operator, code="TODAY", valid_until=NOON + timedelta(hours=1)))
    session = ended()
    assert discounts([session])[session.pk].label == "TODAY"


def test_a_first_charge_stays_the_first(dario: Driver, operator: Operator, ended: Ended) -> None:
    redeemed(dario, promotion(operator, first_charge_only=True))
    empty = ended(started_at=NOON - timedelta(hours=4), energy=Decimal(0))
    first, second = ended(started_at=NOON - timedelta(hours=3)), ended(started_at=NOON)
    assert discounts([second, first, empty]).keys() == {empty.pk, first.pk}


def test_a_hundred_charges_cost_as_many_queries_as_one(dario: Driver, operator: Operator, ended: Ended) -> None:
    code = promotion(operator, first_charge_only=True)
    code.locations.add(LocationFactory(operator=operator))
    redeemed(dario, code)
    few = [ended()]
    many = few + [ended() for _ in range(5)]
    for sessions in (few, many):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            discounts(sessions)
        assert len(asked) == 4


def test_rating_takes_the_discount_and_rating_again_does_not_take_it_twice(
    price: Callable[..., TariffVersion], ended: Ended, dario: Driver, operator: Operator
) -> None:
    """0.55 €/kWh, 20 kWh: 11.00 less 20 %."""
    price()
    redeemed(dario, promotion(operator, charges_each=1))
    session = ended()
    cdr = rating.rate(session_id=session.pk)
    assert cdr is not None
    assert cdr.total_incl_vat == Decimal("8.80")
    assert PromotionUse.objects.standing().get().cdr == cdr

    ChargingSession.objects.filter(pk=session.pk).update(energy=Decimal(10_000))
    again = rating.rate(session_id=session.pk)
    assert again is not None
    assert again.total_incl_vat == Decimal("4.40")
    assert PromotionUse.objects.standing().get().cdr == again

    other = rating.rate(session_id=ended(started_at=NOON).pk)
    assert other is not None
    assert other.total_incl_vat == Decimal("11.00")
    assert CDR.objects.count() == 4
    assert wallets.balance(driver=dario) == 0


def test_a_company_pays_without_its_driver_s_own_codes(
    price: Callable[..., TariffVersion], ended: Ended, dario: Driver, operator: Operator, station: ChargingStation
) -> None:
    price()
    redeemed(dario, promotion(operator))
    offered = {"driver": dario, "location_id": station.location_id, "at": NOON}
    assert promotions.offer(**offered) is not None
    company = Company.objects.create(operator=operator, name="Bellini Impianti")
    CompanyMember.objects.create(company=company, driver=dario, joined_at=JUNE)
    cdr = rating.rate(session_id=ended().pk)
    assert cdr is not None
    assert (cdr.company, cdr.total_incl_vat, cdr.terms) == (company, Decimal("11.00"), "")
    assert promotions.offer(**offered) is None
