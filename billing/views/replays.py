"""The last 30 days at another price: a card beside the editor, and a page with the charges that would change most."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import access
from accounts.doors import MemberRequest, members_only
from billing.forms.editor import Editor
from billing.models import Tariff, TariffVersion
from billing.selectors import replay
from billing.selectors.replay import Replay
from billing.services.prices import drafts
from billing.views import editing, history
from cms import charts
from cms.core import typed
from stations.models import Location

CARD = "replay-card"
BESIDE = 1000  # charges that the card prices after each pause of typing; the page looks at all
AT_ONCE = 300  # more than these and the page comes before its answer


@members_only("tariff.view")
def page(request: MemberRequest, pk: int | None = None) -> HttpResponse:
    """`of`: "draft" or a version's number (the newest); `place`: a location instead of this tariff's own charges. htmx gets the
    card alone."""
    tariff = editing.mine(request, pk) if pk else None
    place = _place(request)
    version = _version(request, tariff)
    beside = request.headers.get("HX-Target") == CARD
    found, waits = None, 0
    if version is not None and (tariff or place):
        asked: dict[str, Any] = {"operator": request.operator, "tariff": tariff, "place": place, "now": timezone.now()}
        whole = not (request.headers.get("HX-Request") or "now" in request.GET)
        waits = replay.count(version, **asked) if whole else 0
        waits = waits if waits > AT_ONCE else 0
        found = None if waits else replay.of(version, **asked, most=BESIDE if beside else replay.MOST)
    context = {
        "tariff": tariff,
        "version": version,
        "draft": version is not None and version.pk is None,
        "place": place,
        "places": Location.objects.filter(operator=request.operator, archived_at=None).order_by("name"),
        "replay": found,
        "waits": waits,
        "of": request.GET.get("of", ""),
        "days": replay.DAYS,
        "url": request.path,
        "chart": _chart(found) if found and found.looked else None,
        "sees_sessions": access.can(request.user, "session.view", request.operator),
    }
    return render(request, _template(request, beside), context)


def _template(request: MemberRequest, beside: bool) -> str:
    if beside:
        return "operator/tariffs/replay_card.html"
    return f"operator/tariffs/{'replay_found' if request.headers.get('HX-Request') else 'replay'}.html"


def _place(request: MemberRequest) -> Location | None:
    wish = typed.line(request.GET.dict(), "place")
    if not wish:
        return None
    mine = Location.objects.filter(operator=request.operator)
    found = mine.filter(pk=int(wish)).first() if wish.isdigit() and len(wish) < 12 else None
    if found is None:
        raise Http404
    return found


def _version(request: MemberRequest, tariff: Tariff | None) -> TariffVersion | None:
    wish = request.GET.get("of", "")
    if wish.isdigit() and len(wish) < 9 and tariff:
        return history.of(tariff, get_language() or "it").numbered(int(wish))
    if access.can(request.user, "tariff.edit", request.operator):
        kept = drafts.find(operator=request.operator, tariff=tariff, by=request.user)
        if kept is not None:
            return Editor(drafts.typed(kept), checked=True).version()
    return history.of(tariff, get_language() or "it").newest if tariff else None


def _chart(found: Replay) -> Any:
    words = (
        _("over 20 % cheaper"),
        _("5 to 20 % cheaper"),
        _("up to 5 % cheaper"),
        _("the same"),
        _("up to 5 % dearer"),
        _("5 to 20 % dearer"),
        _("over 20 % dearer"),
    )
    tones = ("less", "less", "less", "same", "more", "more", "more")
    steps = [charts.Step(word, count, tone) for word, count, tone in zip(words, found.counts, tones, strict=True)]
    return charts.spread(steps, question=_("For how many charges would the price change, and how much?"))
