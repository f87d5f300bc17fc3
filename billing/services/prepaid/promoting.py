"""An operator's own codes: one that everybody may know, or a batch of single ones to give away."""

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import ApiKey, Operator, User
from billing.models import Promotion
from billing.models.promotion import compared
from cms.core import money
from cms.core.errors import Invalid
from cms.core.models import checked
from stations.models import Location

Actor = User | ApiKey | None
SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # people read these out: no I, O, 0, 1
LONG = 10  # 32 signs: one in 10¹² guesses of a batch of a thousand
MOST_CODES = 5000
TERMS = ("kind", "value", "valid_from", "valid_until", "limit", "charges_each", "first_charge_only", "group")


@transaction.atomic
def create(
    *, operator: Operator, code: str, terms: Mapping[str, Any], locations: Collection[Location] = (), by: Actor
) -> Promotion:
    """One code. `terms`: see TERMS and billing.models.Promotion. Raises Forbidden; Invalid by field."""
    _demand(by, operator)
    promotion = _made(operator, code.strip().upper(), terms, by)
    _check(promotion, locations)
    try:
        with transaction.atomic():
            promotion.save(force_insert=True)
    except IntegrityError as clash:
        raise Invalid({"code": [_("You have such a code already, running or ended.")]}) from clash
    promotion.locations.set(locations)
    return promotion


@transaction.atomic
def create_batch(
    *,
    operator: Operator,
    batch: str,
    count: int,
    terms: Mapping[str, Any],
    locations: Collection[Location] = (),
    by: Actor,
) -> list[Promotion]:
    """`count` codes nobody can guess, each for one driver, under the name `batch`. Raises Forbidden; Invalid by field."""
    _demand(by, operator)
    name = batch.strip()[:60]
    wrong = {}
    if not name:
        wrong["batch"] = [_("A batch has a name, by which you find it again.")]
    elif Promotion.objects.filter(operator=operator, batch=name).exists():
        wrong["batch"] = [_("There is a batch of that name already.")]
    if not 1 <= count <= MOST_CODES:
        wrong["count"] = [_("From 1 to %(most)s codes.") % {"most": MOST_CODES}]
    if wrong:
        raise Invalid(wrong)
    made = [_made(operator, code, {**terms, "limit": 1}, by, batch=name) for code in _codes(operator, count)]
    _check(made[0], locations)
    for promotion in made:
        promotion.key = compared(promotion.code)
    Promotion.objects.bulk_create(made)
    if locations:
        rows = Promotion.objects.filter(operator=operator, batch=name).values_list("pk", flat=True)
        link = Promotion.locations.through
        link.objects.bulk_create(link(promotion_id=pk, location_id=place.pk) for pk in rows for place in locations)
    return made


@transaction.atomic
def end(*, promotion: Promotion, by: Actor) -> None:
    """Nobody enters it any more, and charges that begin from now on pay the full price. Money in wallets stays. Raises Forbidden."""
    _demand(by, promotion)
    Promotion.objects.filter(pk=promotion.pk, ended_at=None).update(ended_at=timezone.now(), updated_at=timezone.now())


@transaction.atomic
def end_batch(*, operator: Operator, batch: str, by: Actor) -> int:
    """All codes of a batch that are still running. Raises Forbidden."""
    _demand(by, operator)
    running = Promotion.objects.filter(operator=operator, batch=batch, ended_at=None).exclude(batch="")
    return running.update(ended_at=timezone.now(), updated_at=timezone.now())


def _made(operator: Operator, code: str, terms: Mapping[str, Any], by: Actor, batch: str = "") -> Promotion:
    facts = {name: terms[name] for name in TERMS if name in terms}
    return Promotion(
        operator=operator,
        code=code,
        batch=batch,
        currency=operator.currency,
        created_by=by if isinstance(by, User) else None,
        **{"valid_from": timezone.now(), **facts},
    )


def _codes(operator: Operator, count: int) -> list[str]:
    """New ones, in two groups that people can copy: AB3DE-5FGHJ."""
    found: set[str] = set()
    while len(found) < count:
        found |= {"".join(secrets.choice(SIGNS) for _sign in range(LONG)) for _code in range(count - len(found))}
        found -= set(Promotion.objects.filter(operator=operator, key__in=found).values_list("key", flat=True))
    return [f"{key[:5]}-{key[5:]}" for key in sorted(found)]


def _check(promotion: Promotion, locations: Collection[Location]) -> None:
    wrong: dict[str, list[str]] = {}
    kind, value = promotion.kind, promotion.value
    if len(compared(promotion.code)) < 4:
        wrong["code"] = [_("At least four letters or digits.")]
    if kind not in Promotion.Kind.values:
        wrong["kind"] = [_("Choose what it gives.")]
    if not isinstance(value, Decimal) or value <= 0:
        wrong["value"] = [_("More than zero.")]
    elif kind == Promotion.Kind.PERCENT and value > 100:
        wrong["value"] = [_("At most 100 %.")]
    elif kind in (Promotion.Kind.VOUCHER, Promotion.Kind.AMOUNT) and not money.is_payable(value, promotion.currency):
        wrong["value"] = [_("No fractions of a cent.")]
    if _backwards(promotion.valid_from, promotion.valid_until):
        wrong["valid_until"] = [_("The end comes after the beginning.")]
    if kind == Promotion.Kind.VOUCHER and (locations or promotion.charges_each or promotion.first_charge_only):
        wrong["kind"] = [_("A voucher is money in the wallet: it is not tied to places or charges.")]
    if any(place.operator_id != promotion.operator_id for place in locations):
        wrong["locations"] = [_("This location is not yours.")]
    if promotion.group is not None and promotion.group.operator_id != promotion.operator_id:
        wrong["group"] = [_("This group is not yours.")]
    if wrong:
        raise Invalid(wrong)
    promotion.key = compared(promotion.code)
    checked(promotion)


def _backwards(since: datetime, until: datetime | None) -> bool:
    return until is not None and until <= since


def _demand(by: Actor, obj: Operator | Promotion) -> None:
    if by is not None:
        access.demand(by, "promotion.edit", obj)
