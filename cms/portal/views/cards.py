"""`/cards/`: what starts a charge in my name, and how to stop that at once."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.doors import PersonRequest
from accounts.models import Token
from accounts.services import tokens
from cms.portal.selectors import mine

UNDO_S = 3600
_KEY = "blocked_card"  # in the session: the card, the time, and the state of the row that our block left behind


@login_required
def page(request: PersonRequest) -> HttpResponse:
    return render(request, "driver/cards.html", {"cards": mine.tokens(request.user), "undo": _undo(request)})


@require_POST
@login_required
def block(request: PersonRequest, pk: int) -> HttpResponse:
    """At once and without a question: a lost card is urgent, and an hour of undo makes a mistake cheap."""
    card = get_object_or_404(mine.tokens(request.user), pk=pk)
    if card.status != Token.Status.BLOCKED:
        tokens.block(token=card, by=None)  # the role table speaks of staff; a driver's right is that the card is theirs
        request.session[_KEY] = [card.pk, timezone.now().timestamp(), card.updated_at.isoformat()]
    messages.success(request, _("%(card)s is blocked. Nobody can charge with it.") % {"card": card})
    return redirect("portal:cards")


@require_POST
@login_required
def undo(request: PersonRequest, pk: int) -> HttpResponse:
    """Takes back one's own block for an hour; what the operator blocked stays blocked."""
    card = get_object_or_404(mine.tokens(request.user), pk=pk)
    if _undo(request) == card.pk:
        tokens.unblock(token=card, by=None)
        request.session.pop(_KEY, None)
        messages.success(request, _("%(card)s works again.") % {"card": card})
    else:
        messages.error(request, _("Only your operator can lift this block: write to them or call."))
    return redirect("portal:cards")


def _undo(request: PersonRequest) -> int | None:
    """The card that this browser blocked within the last hour, if nobody has touched it since."""
    card, at, row = request.session.get(_KEY, (None, 0, ""))
    if card is None or timezone.now().timestamp() - at > UNDO_S:
        return None
    kept = mine.tokens(request.user).filter(pk=card, status=Token.Status.BLOCKED).first()
    return card if kept and kept.updated_at.isoformat() == row else None
