"""The mail that tells somebody they work for an operator now."""

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, Role
from accounts.notifications import once, send
from accounts.services import members


def missing() -> list[int]:
    """Invitations that are open: whatever was sent already is sent once (accounts.notifications.once)."""
    since = timezone.now() - members.INVITATION
    return list(
        Membership.objects.filter(accepted_at=None, invited_at__gte=since).order_by("pk").values_list("pk", flat=True)
    )


def mail(*, membership_id: int) -> bool:
    """Once per invitation; a second invitation of the same person is a second mail. Raises Unavailable."""
    membership = (
        Membership.objects.select_related("user", "operator", "invited_by")
        .filter(pk=membership_id, accepted_at=None, invited_at__isnull=False)
        .first()
    )
    if membership is None or membership.invited_at is None:
        return False
    key = f"invitation:{membership.pk}:{membership.invited_at.isoformat()}"
    return once.send(key=key, to=membership.user.email, deliver=lambda: _deliver(membership))


def link(membership: Membership) -> str:
    """The way in, for a week: shown in the mail, and by `create_operator --owner` where no mail goes out yet."""
    return settings.PUBLIC_URL.rstrip("/") + reverse("invitation", args=[members.token_of(membership)])


def _deliver(membership: Membership) -> None:
    facts = {
        "operator": membership.operator,
        "role": membership.get_role_display,
        "by": membership.invited_by,
        "link": link(membership),
        "host": membership.role == Role.HOST,
    }
    send.to_user(
        user=membership.user, name="accounts/email/invitation", facts=facts, language=membership.operator.language
    )
