"""The last 30 days at another price: a card beside the editor, and a page with the charges that would change most.

A few charges are priced while one waits; more are a job (`billing.exports.replays`), whose file is every charge and whose summary is the
page.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import access
from accounts.doors import MemberRequest, members_only
from billing.exports import replays as files
from billing.forms.editor import Editor
from billing.forms.replays import EVERY, WHERE, ReplayForm
from billing.models import Export, Tariff, TariffVersion
from billing.selectors import exports as history_of_files
from billing.selectors import replay
from billing.selectors.replay import Question, Replay
from billing.services.month_end import exports
from billing.services.prices import drafts
from billing.views import assignments, editing, history
from cms import charts
from cms.core import typed

CARD = "replay-card"
BESIDE = 300  # charges that the card prices after each pause of typing: an even sample of them
FRESH = timedelta(minutes=15)  # so long what was worked out is an answer to the same question


@dataclass(frozen=True, slots=True)
class _Asked:
    """`question` is None while there is no price, or the form says what cannot be."""

    tariff: Tariff | None
    version: TariffVersion | None
    name: str
    form: ReplayForm
    question: Question | None


@members_only("tariff.view")
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: MemberRequest, pk: int | None = None) -> HttpResponse:
    """`of`: "draft" or a version's number (the newest); the rest is ReplayForm. POST starts the job, or with a `preset` writes the
    file; `job` shows one. htmx gets the card, or what stands below the head."""
    asked = _asked(request, pk)
    if request.headers.get("HX-Target") == CARD:
        return render(request, "operator/tariffs/replay_card.html", _card(request, asked))
    if request.method == "POST":
        return _started(request, asked)
    job = _job(request, asked)
    return render(request, _template(request, "replay"), _context(request, asked, job))


def _asked(request: MemberRequest, pk: int | None) -> _Asked:
    tariff = editing.mine(request, pk) if pk else None
    version, name = _version(request, tariff)
    form = ReplayForm(request.GET, operator=request.operator, own=tariff is not None)
    question = None
    if version is not None and form.is_valid():
        question = Question(version, request.operator, timezone.now(), tariff, form.wanted(), form.chosen == EVERY)
    return _Asked(tariff, version, name, form, question)


def _version(request: MemberRequest, tariff: Tariff | None) -> tuple[TariffVersion | None, str]:
    """With the name of the tariff, which a draft may change."""
    wish, known = typed.number(request.GET.dict(), "of"), history.of(tariff, get_language() or "it") if tariff else None
    name = tariff.name if tariff else ""
    if known and wish is not None:
        return known.numbered(wish), name
    if access.can(request.user, "tariff.edit", request.operator):
        kept = drafts.find(operator=request.operator, tariff=tariff, by=request.user)
        if kept is not None:
            editor = Editor(drafts.typed(kept), checked=True)
            return editor.price(), editor.head.cleaned_data.get("name", name)
    return (known.newest if known else None), name


# ---- the card ------------------------------------------------------------------------------------------------------------


def _card(request: MemberRequest, asked: _Asked) -> dict[str, Any]:
    found = None
    if asked.question is not None:
        found = replay.of(asked.question, replay.charges(asked.question), most=BESIDE)
    return {**_said(request, asked), "replay": found, "of": request.GET.get("of", "")}


def _said(request: MemberRequest, asked: _Asked) -> dict[str, Any]:
    return {
        "tariff": asked.tariff,
        "version": asked.version,
        "draft": asked.version is not None and asked.version.pk is None,
        "scope": _words(asked) if asked.question and asked.question.scope else "",
        "days": replay.DAYS,
        "url": request.path,
    }


def _words(asked: _Asked) -> str:
    """The scope as assignments are called."""
    if asked.form.chosen == EVERY:
        return _("at every place, for everybody who has no price of their own")
    row = assignments.unsaved(asked.form.operator, **asked.form.scope())
    return f"{assignments.where(row)}, {assignments.who(row)}"


# ---- the page ------------------------------------------------------------------------------------------------------------


def _context(request: MemberRequest, asked: _Asked, job: Export | None) -> dict[str, Any]:
    found, waits = None, 0
    if job is not None:
        found = replay.read(job.summary) if job.summary else None
    elif asked.question is not None:
        ids = replay.charges(asked.question)
        waits = len(ids) if len(ids) > files.AT_ONCE else 0
        found = None if waits else replay.of(asked.question, ids)
    return {
        **_said(request, asked),
        "form": asked.form,
        "narrowed": asked.form.chosen == WHERE or bool(asked.form.errors),
        "replay": found,
        "waits": waits,
        "job": job,
        "under_way": job is not None and job.state in (Export.State.QUEUED, Export.State.RUNNING),
        "moving": exports.rate(job) if job else None,
        "here": f"{request.path}?{_query(request)}",
        "chart": _chart(found) if found and found.looked else None,
        "sees_sessions": access.can(request.user, "session.view", request.operator),
    }


def _template(request: MemberRequest, name: str) -> str:
    return f"operator/tariffs/{name}{'_found' if request.headers.get('HX-Request') else ''}.html"


def _query(request: MemberRequest, **more: Any) -> str:
    """What is asked, without the job that answered it."""
    query = QueryDict(mutable=True)
    query.update(request.GET)
    query.pop("job", None)
    for name, value in more.items():
        query[name] = str(value)
    return query.urlencode()


# ---- the job -------------------------------------------------------------------------------------------------------------


def _started(request: MemberRequest, asked: _Asked) -> HttpResponse:
    if asked.question is None:
        return redirect(f"{request.path}?{_query(request)}")
    wish = typed.line(request.POST.dict(), "preset")
    language = get_language() or "it"
    job = exports.start(
        operator=request.operator,
        kind=files.KIND.name,
        params=files.params(asked.question, asked.name),
        preset=wish or ("csv_it" if language[:2] == "it" else "csv_en"),
        by=request.user,
        language=language,
        small_at_once=True,
    )
    if wish and job.state == Export.State.DONE:
        return redirect("export_file", job.pk)
    if wish:
        messages.info(request, _("The file is being written. You may leave this page: it waits for you here."))
        return redirect("jobs")
    if not request.headers.get("HX-Request"):
        return redirect(f"{request.path}?{_query(request, job=job.pk)}")
    answer = render(request, "operator/tariffs/replay_found.html", _context(request, asked, job))
    answer["HX-Replace-Url"] = f"{request.path}?{_query(request, job=job.pk)}"
    return answer


def _job(request: MemberRequest, asked: _Asked) -> Export | None:
    """The one that the address names or, where it is fresh, the one that answers this question, as long as both ask the same."""
    if asked.question is None:
        return None
    mine = history_of_files.history(request.user, request.operator).filter(kind=files.KIND.name)
    named = typed.number(request.GET.dict(), "job")
    found = mine.filter(pk=named) if named else mine.filter(state="done", created_at__gte=timezone.now() - FRESH)
    asks = _same(files.params(asked.question, asked.name))
    return next((job for job in found[:20] if _same(json.loads(job.params)) == asks), None)


def _same(params: dict[str, str]) -> dict[str, str]:
    """The question without its moment and its name."""
    return {name: value for name, value in params.items() if name not in ("until", "name")}


def _chart(found: Replay) -> Any:
    words = (
        _("cheaper by over 20 %"),
        _("cheaper by 5 to 20 %"),
        _("cheaper by up to 5 %"),
        _("the same"),
        _("dearer by up to 5 %"),
        _("dearer by 5 to 20 %"),
        _("dearer by over 20 %"),
    )
    tones = ("less", "less", "less", "same", "more", "more", "more")
    steps = [charts.Step(word, count, tone) for word, count, tone in zip(words, found.counts, tones, strict=True)]
    return charts.spread(steps, question=_("For how many charges would the price change, and how much?"))
