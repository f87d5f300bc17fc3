"""Who works for an operator."""

from datetime import timedelta
from functools import partial

from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access, signals
from accounts.models import Membership, Operator, Role, User
from accounts.services import people
from cms.core.errors import Conflict, Invalid

INVITATION = timedelta(days=7)
_SALT = "accounts.invitation"


@transaction.atomic
def invite(*, operator: Operator, email: str, role: str, by: User | None) -> Membership:
    """`enrol`, and announces it: a mail follows with the way in."""
    membership = enrol(operator=operator, email=email, role=role, by=by)
    transaction.on_commit(partial(signals.member_invited.send_robust, Membership, id=membership.pk), robust=True)
    return membership


@transaction.atomic
def enrol(*, operator: Operator, email: str, role: str, by: User | None) -> Membership:
    """Makes the membership (and the person, if new); nobody is told but by the sweep.

    Asked again for somebody who has not come yet it counts as a new invitation. Raises Forbidden; Invalid by field;
    Conflict `already_member` for somebody who is at work already.
    """
    if by is not None:
        access.demand(by, "member.edit", operator)
    email = _checked(email, role)
    user = people.ensure(email=email, language=operator.language)
    now = timezone.now()
    membership, made = Membership.objects.get_or_create(
        user=user, operator=operator, defaults={"role": role, "invited_by": by, "invited_at": now}
    )
    if not made and not membership.pending:
        raise Conflict(_("%(person)s works here already.") % {"person": user}, code="already_member")
    Membership.objects.filter(pk=membership.pk).update(role=role, invited_by=by, invited_at=now)
    membership.refresh_from_db()
    return membership


def token_of(membership: Membership) -> str:
    """What the link of an invitation carries: signed, dated."""
    return signing.dumps([membership.pk, membership.user.email], salt=_SALT)


def invitation(token: str) -> Membership | None:
    """The membership of a link, None where the link is wrong, older than a week, or the invitation withdrawn."""
    try:
        pk, email = signing.loads(token, salt=_SALT, max_age=INVITATION)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    found = Membership.objects.select_related("user", "operator", "invited_by").filter(pk=pk, user__email=email)
    return found.first()


def accept(*, membership: Membership) -> bool:
    """The person came by the mailed link, so the address is theirs. True if the link may sign them in, which it may
    only the first time and for somebody who has never signed in: afterwards an old mail opens nothing."""
    first = Membership.objects.filter(pk=membership.pk, accepted_at=None).update(accepted_at=timezone.now())
    user: User = membership.user
    people.confirm(user)
    return bool(first) and user.last_login is None and not user.has_usable_password()


def note_at_work(*, user: User) -> None:
    """A member who signs in some other way has come as well."""
    Membership.objects.filter(user=user, accepted_at=None).update(accepted_at=timezone.now())


@transaction.atomic
def change_role(*, membership: Membership, role: str, by: User | None) -> Membership:
    """Raises Forbidden; Invalid for an unknown role; Conflict `last_owner` where nobody could manage members any more."""
    _demand(by, membership)
    if role not in Role.values:
        raise Invalid({"role": [_("Choose a role.")]})
    if role != Role.OWNER:
        _keep_an_owner(membership)
    Membership.objects.filter(pk=membership.pk).update(role=role)
    membership.refresh_from_db()
    return membership


@transaction.atomic
def remove(*, membership: Membership, by: User | None) -> None:
    """The person stays, the membership goes. Raises Forbidden; Conflict `last_owner`."""
    _demand(by, membership)
    _keep_an_owner(membership)
    Membership.objects.filter(pk=membership.pk).delete()


def _demand(by: User | None, membership: Membership) -> None:
    if by is not None:
        access.demand(by, "member.edit", membership)


def _keep_an_owner(leaving: Membership) -> None:
    Operator.objects.select_for_update().get(pk=leaving.operator_id)  # two owners may not remove each other at once
    others = Membership.objects.filter(operator=leaving.operator_id, role=Role.OWNER).exclude(pk=leaving.pk)
    is_owner = Membership.objects.filter(pk=leaving.pk, role=Role.OWNER).exists()
    if is_owner and not others.exists():
        sentence = _("%(person)s is the last owner: make somebody else owner first.") % {"person": leaving.user}
        raise Conflict(sentence, code="last_owner")


def _checked(email: str, role: str) -> str:
    email, wrong = email.strip().lower(), {}
    try:
        validate_email(email)
        if len(email) > 254:
            raise ValidationError("too long")
    except ValidationError:
        wrong["email"] = [_("An e-mail address, like name@example.org.")]
    if role not in Role.values:
        wrong["role"] = [_("Choose a role.")]
    if wrong:
        raise Invalid(wrong)
    return email
