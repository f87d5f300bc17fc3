"""A driver enters a voucher or a promo code."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Driver, User
from accounts.services import drivers
from billing.models import FailedCode, Promotion, Redemption, WalletEntry
from billing.models.promotion import compared
from billing.services.prepaid import promotions, wallets
from cms.core.errors import Conflict

GUESSES, WITHIN = 10, timedelta(hours=1)  # wrong codes of one person


class Entered(NamedTuple):
    """`fresh`: by this call; False: the driver had entered the code before."""

    redemption: Redemption
    fresh: bool


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
    if promotion.first_charge_only and promotions.first_charges({driver.pk}):
        raise Conflict(_("This code is for a first charge, and you have charged here before."), code="code_not_for_you")
    if promotion.kind == Promotion.Kind.VOUCHER and promotion.currency != wallets.of(driver=driver).currency:
        raise Conflict(_("This voucher is in another currency than your wallet."), code="code_not_for_you")
