"""The one table of roles and actions. Unseen means 404 (`visible_to`), seen but not allowed means 403 (`demand`)."""

from typing import Any

from django.utils.translation import gettext as _

from accounts.models import ApiKey, Role, User
from cms.core.errors import Forbidden

_OWNER, _MANAGER, _SUPPORT = Role.OWNER, Role.MANAGER, Role.SUPPORT
_ACCOUNTANT, _TECHNICIAN, _HOST = Role.ACCOUNTANT, Role.TECHNICIAN, Role.HOST
_EVERYONE = frozenset(Role)
_STAFF = _EVERYONE - {_HOST}

ALLOWED: dict[str, frozenset[str]] = {
    "host.view": _EVERYONE,  # sites whose agreement is with the own address (cms.host)
    "station.view": _STAFF,
    "station.command": frozenset({_OWNER, _MANAGER, _SUPPORT, _TECHNICIAN}),
    "station.raw_command": frozenset({_OWNER, _MANAGER, _TECHNICIAN}),
    "station.edit": frozenset({_OWNER, _MANAGER, _TECHNICIAN}),
    "location.edit": frozenset({_OWNER, _MANAGER}),
    "messages.view": _STAFF - {_ACCOUNTANT},
    "session.view": _STAFF,
    "session.stop": frozenset({_OWNER, _MANAGER, _SUPPORT, _TECHNICIAN}),
    "session.close": frozenset({_OWNER, _MANAGER, _SUPPORT, _ACCOUNTANT}),
    "session.correct": frozenset({_OWNER, _MANAGER, _ACCOUNTANT}),
    "driver.view": frozenset({_OWNER, _MANAGER, _SUPPORT, _ACCOUNTANT}),
    "driver.edit": frozenset({_OWNER, _MANAGER, _SUPPORT}),
    "token.view": frozenset({_OWNER, _MANAGER, _SUPPORT, _TECHNICIAN}),
    "token.edit": frozenset({_OWNER, _MANAGER, _SUPPORT}),
    "tariff.view": _STAFF,
    "tariff.edit": frozenset({_OWNER, _MANAGER, _ACCOUNTANT}),
    "invoice.view": frozenset({_OWNER, _MANAGER, _SUPPORT, _ACCOUNTANT}),
    "invoice.issue": frozenset({_OWNER, _MANAGER, _ACCOUNTANT}),
    "company.view": frozenset({_OWNER, _MANAGER, _SUPPORT, _ACCOUNTANT}),
    "company.edit": frozenset({_OWNER, _MANAGER, _ACCOUNTANT}),
    "promotion.view": frozenset({_OWNER, _MANAGER, _SUPPORT, _ACCOUNTANT}),
    "promotion.edit": frozenset({_OWNER, _MANAGER}),
    "wallet.correct": frozenset(
        {_OWNER, _MANAGER, _SUPPORT, _ACCOUNTANT}
    ),  # support: up to a limit (billing.services.prepaid.wallets)
    "wallet.correct_any": frozenset({_OWNER, _MANAGER, _ACCOUNTANT}),
    "payment.view": frozenset({_OWNER, _MANAGER, _SUPPORT, _ACCOUNTANT}),
    "payment.collect": frozenset({_OWNER, _MANAGER, _ACCOUNTANT}),
    "payment.refund": frozenset(
        {_OWNER, _MANAGER, _SUPPORT, _ACCOUNTANT}
    ),  # support: up to a limit (billing.services.cards.refunds)
    "payment.refund_any": frozenset({_OWNER, _MANAGER, _ACCOUNTANT}),
    "subscription.view": frozenset({_OWNER, _MANAGER, _SUPPORT, _ACCOUNTANT}),
    "subscription.edit": frozenset({_OWNER, _MANAGER, _SUPPORT, _ACCOUNTANT}),
    "dunning.edit": frozenset({_OWNER, _MANAGER, _ACCOUNTANT}),
    "month.close": frozenset({_OWNER, _MANAGER, _ACCOUNTANT}),
    "statement.view": frozenset({_OWNER, _MANAGER, _SUPPORT, _ACCOUNTANT}),
    "report.view": _STAFF,
    "file.take": _EVERYONE,  # and what each kind of file asks for
    "operator.edit": frozenset({_OWNER, _MANAGER, _ACCOUNTANT}),
    "member.edit": frozenset({_OWNER}),
    "api_key.edit": frozenset({_OWNER, _MANAGER}),
}


def role_at(actor: User | ApiKey, operator_id: int) -> str | None:
    """The actor's role at an operator, None for a stranger."""
    if isinstance(actor, ApiKey):
        return actor.role if actor.operator_id == operator_id else None
    return actor.roles().get(operator_id) if actor.is_authenticated else None


def can(actor: User | ApiKey, action: str, obj: Any) -> bool:
    """May `actor` do `action` to `obj` (an Operator, or anything with `operator_id`)? KeyError for an unknown action."""
    operator_id = getattr(obj, "operator_id", None) or obj.pk
    return role_at(actor, operator_id) in ALLOWED[action]


def demand(actor: User | ApiKey, action: str, obj: Any) -> None:
    """Raises Forbidden where `can` says no."""
    if not can(actor, action, obj):
        raise Forbidden(_("Your role does not allow this."), action=action)


def exceeds(role: str, other: str | None) -> bool:
    """Does `role` allow anything that `other` does not?"""
    return any(role in roles and other not in roles for roles in ALLOWED.values())
