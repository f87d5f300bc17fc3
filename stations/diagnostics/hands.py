"""What people do with a fault: take it, hand it over, give it back, write down what they found, close what no station can prove."""

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import Membership, User
from cms.core.errors import Conflict, Invalid
from stations.models import Fault
from stations.services import announce

NOTE_LENGTH = 2000
# The station says nothing when these are over; the others close when it proves that they are (stations.diagnostics.faults).
CLOSED_BY_HAND = frozenset({Fault.Kind.ZERO_ENERGY, Fault.Kind.PROBLEM})


def take(*, fault: Fault, by: User) -> None:
    """Somebody looks after it; who did so first, stays."""
    _hand(fault, by, acknowledged_at=None)


def hand_over(*, fault: Fault, to: User) -> None:
    """Somebody else looks after it from now on. Raises Invalid for a person who may not command stations here."""
    if not access.can(to, "station.command", fault):
        raise Invalid({"to": [_("Choose somebody who may work on stations.")]})
    _hand(fault, to)


def give_back(*, fault: Fault) -> None:
    """Nobody looks after it any more: it is new again."""
    mine = Fault.objects.filter(pk=fault.pk, closed_at=None).exclude(acknowledged_at=None)
    _announced(fault, mine.update(acknowledged_at=None, acknowledged_by=None, updated_at=timezone.now()))


def note(*, fault: Fault, text: str) -> None:
    """The cause found and what was done; the latest text counts."""
    text = text.strip().replace("\x00", "")
    if len(text) > NOTE_LENGTH:
        raise Invalid({"note": [_("At most %(most)s characters.") % {"most": NOTE_LENGTH}]})
    _announced(fault, Fault.objects.filter(pk=fault.pk).update(note=text, updated_at=timezone.now()))


def close(*, fault: Fault, by: User) -> None:
    """Raises Conflict `still_there` for what the station itself will end."""
    if fault.kind not in CLOSED_BY_HAND:
        raise Conflict(_("It closes by itself as soon as the charger proves that it is over."), code="still_there")
    now = timezone.now()
    still = Fault.objects.filter(pk=fault.pk, closed_at=None)
    _announced(fault, still.update(closed_at=now, closed_by=by, updated_at=now))


def able(fault: Fault) -> list[User]:
    """Who could look after it: members that may command stations."""
    roles = access.ALLOWED["station.command"]
    found = Membership.objects.filter(operator=fault.operator_id, role__in=roles).select_related("user")
    return sorted((one.user for one in found), key=lambda user: str(user).lower())


def _hand(fault: Fault, to: User, **only: None) -> None:
    now = timezone.now()
    still = Fault.objects.filter(pk=fault.pk, closed_at=None, **only)
    _announced(fault, still.update(acknowledged_at=now, acknowledged_by=to, updated_at=now))


def _announced(fault: Fault, changed: int) -> None:
    if changed:
        announce.faults(ids=[fault.pk], stations=[fault.station_id])
