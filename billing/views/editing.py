"""/ops/tariffs/new/ and /ops/tariffs/<id>/change/: the editor, with everything that moves beside it while one types."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.doors import MemberRequest, members_only
from billing import pricing
from billing.forms import editor as editors
from billing.forms.editor import Editor
from billing.forms.elements import ElementForm
from billing.forms.starts import STARTS
from billing.models import Tariff, TariffDraft, TariffVersion
from billing.selectors import reach
from billing.services.prices import drafts, tariffs
from billing.tariffs import afir, parsing
from billing.views import history, prices, simulator
from billing.views.history import History
from cms.core.errors import Conflict
from cms.templatetags.figures import SIGNS


@dataclass(frozen=True, slots=True)
class Work:
    """One person at one tariff (None: a new one). `draft` is None until something was typed."""

    tariff: Tariff | None
    draft: TariffDraft | None
    past: History | None

    @property
    def base(self) -> int:
        """The version that the draft began from."""
        if self.draft is not None:
            return self.draft.base
        return self.past.newest.number if self.past else 0

    @property
    def overtaken(self) -> TariffVersion | None:
        """What somebody published since."""
        return self.past.newest if self.past and self.past.newest.number > self.base else None


@members_only("tariff.edit")
def edit(request: MemberRequest, pk: int | None = None) -> HttpResponse:
    work = work_of(request, pk)
    if request.method == "POST":
        return _acted(request, work)
    start = request.GET.get("start", "")
    if work.tariff is None and work.draft is None and start not in (*STARTS, "empty"):
        return render(request, "operator/tariffs/begin.html", {"starts": STARTS})
    editor = _opened(request, work, start)
    return _page(request, work, Editor(editor.typed, checked="check" in request.GET))


@require_POST
@members_only("tariff.edit")
def attempt(request: MemberRequest, pk: int | None = None) -> HttpResponse:
    """What stands in the editor is kept, and everything beside it answers."""
    work = work_of(request, pk)
    editor = Editor(editors.kept(request.POST), checked=True)
    work = _kept(request, work, editor)
    return render(request, "operator/tariffs/live.html", _beside(request, work, editor, data=request.POST))


@require_POST
@members_only("tariff.edit")
def discard(request: MemberRequest, pk: int | None = None) -> HttpResponse:
    work = work_of(request, pk)
    drafts.discard(operator=request.operator, tariff=work.tariff, by=request.user)
    messages.success(request, _("The draft is gone; what is published stays."))
    return redirect("tariff", pk=pk) if pk else redirect("tariffs")


@require_POST
@members_only("tariff.edit")
def again(request: MemberRequest, pk: int, number: int) -> HttpResponse:
    """An older version as a draft: published, it is a new version with the old price."""
    tariff = mine(request, pk)
    version = get_object_or_404(TariffVersion, tariff=tariff, number=number)
    newest = history.of(tariff, get_language() or "it").newest
    typed = Editor.of(version, tariff.name).typed
    drafts.begin(operator=request.operator, tariff=tariff, typed=typed, base=newest.number, by=request.user)
    return redirect("publish_tariff", pk=pk)


@require_POST
@members_only("tariff.edit")
def rebase(request: MemberRequest, pk: int) -> HttpResponse:
    """Goes on with the draft although somebody published meanwhile."""
    work = work_of(request, pk)
    if work.draft is not None and work.past is not None:
        typed = drafts.typed(work.draft)
        base = work.past.newest.number
        drafts.begin(operator=request.operator, tariff=work.tariff, typed=typed, base=base, by=request.user)
    return redirect("change_tariff", pk=pk)


def mine(request: MemberRequest, pk: int) -> Tariff:
    """404 for another operator's."""
    return get_object_or_404(Tariff.objects.filter(operator=request.operator), pk=pk)


def work_of(request: MemberRequest, pk: int | None) -> Work:
    tariff = mine(request, pk) if pk else None
    if tariff is not None and tariff.archived_at:
        raise Conflict(_("This tariff is archived."), code="tariff_archived", tariff=tariff.pk)
    draft = drafts.find(operator=request.operator, tariff=tariff, by=request.user)
    return Work(tariff, draft, history.of(tariff, get_language() or "it") if tariff else None)


def drafted(work: Work) -> Editor | None:
    """The draft, or what would be changed, with its errors."""
    if work.draft is not None:
        return Editor(drafts.typed(work.draft), checked=True)
    return None


# ---- the page --------------------------------------------------------------------------------------------------------


def _opened(request: MemberRequest, work: Work, start: str) -> Editor:
    if work.draft is not None and not (work.tariff is None and start):
        return Editor(drafts.typed(work.draft))
    if work.tariff is not None and work.past is not None:
        return Editor.of(work.past.newest, work.tariff.name)
    return Editor.begun(STARTS.get(start), currency=request.operator.currency)


def _acted(request: MemberRequest, work: Work) -> HttpResponse:
    """A button of the page. Without JavaScript the page comes back; with it, only the sheet."""
    action = request.POST.get("do", "save")
    editor = Editor(editors.kept(request.POST), checked=action in ("save", "publish"))
    if action not in ("save", "publish"):
        editor = editor.after(action)
    work = _kept(request, work, editor)
    if request.headers.get("HX-Request"):
        return render(request, "operator/tariffs/sheet_live.html", _context(request, work, editor, data=request.POST))
    if action == "publish" and editor.version() is not None:
        return redirect(there("publish", work))
    if editor.checked and editor.version() is None:
        return _page(request, work, editor, status=400)
    return redirect(there("change", work))


def _kept(request: MemberRequest, work: Work, editor: Editor) -> Work:
    draft = drafts.keep(
        operator=request.operator, tariff=work.tariff, typed=editor.typed, base=work.base, by=request.user
    )
    return Work(work.tariff, draft, work.past)


def there(step: str, work: Work) -> str:
    names = {
        "change": ("change_tariff", "create_tariff"),
        "publish": ("publish_tariff", "publish_new_tariff"),
        "try": ("try_tariff", "try_new_tariff"),
        "replay": ("replay_tariff", "replay_new_tariff"),
    }
    old, new = names[step]
    return reverse(old, args=[work.tariff.pk]) if work.tariff else reverse(new)


def _page(request: MemberRequest, work: Work, editor: Editor, *, status: int = 200) -> HttpResponse:
    context = _context(request, work, editor, data=request.POST or request.GET)
    return render(request, "operator/tariffs/editor.html", context, status=status)


def _context(request: MemberRequest, work: Work, editor: Editor, *, data: Any) -> dict[str, Any]:
    currency = editor.typed.get("currency", [request.operator.currency])[0]
    return {
        "editor": editor,
        "sign": SIGNS.get(currency, currency),
        "energy_unit": f"{SIGNS.get(currency, currency)}/kWh",
        "opened": _touched(data),
        "points": reach.points_by_tariff(request.operator, timezone.now())[work.tariff.pk] if work.tariff else 0,
        "can_be_simple": editor.mode == editors.FULL and editor.can_be_simple(),
        "try_url": there("try", work),
        "replay_url": there("replay", work),
        "here": there("change", work),
        **_beside(request, work, editor, data=data),
    }


def _touched(data: Any) -> str:
    """The row that a button was about stays open; a new one opens."""
    return str(data.get("do", data.get("open", ""))).partition("-")[2]


def _beside(request: MemberRequest, work: Work, editor: Editor, *, data: Any) -> dict[str, Any]:
    """Sentence, week, simulator, law: of the draft where it is a tariff already."""
    language, now = get_language() or "it", timezone.now()
    trying = editor if editor.checked else Editor(editor.typed, checked=True)
    version = trying.price()
    form = simulator.form(request.operator, data)
    live = work.past.shown if work.past else None
    law = prices.objections(version) if version else []
    return {
        "work": work,
        "tariff": work.tariff,
        "draft": work.draft,
        "live": live,
        "version": version,
        "sentences": sentences(version) if version else [],
        "week": prices.painted(version, language, now, pricing.zone(request.operator.time_zone)) if version else None,
        "rows": _rows(editor, trying, live, language),
        "problems": trying.problems(),
        "law": law,
        "fast": reach.fast_ad_hoc(request.operator, work.tariff, now) if law and work.tariff else [],
        "fast_kw": afir.FAST_W // 1000,
        "quote": form,
        "priced": simulator.priced(request.operator, version, form),
    }


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a driver reads: `first` is the price that counts most, `rest` what may come on top."""

    language: str
    first: str
    rest: str


def sentences(version: TariffVersion) -> list[Sentence]:
    """In the reader's own language first."""
    own = (get_language() or "it")[:2]
    codes = sorted(("it", "en"), key=lambda code: code != own)
    parted = {code: pricing.describe(version, code).partition("; ") for code in codes}
    return [Sentence(code, first, rest) for code, (first, _mark, rest) in parted.items()]


@dataclass(frozen=True, slots=True)
class ElementRow:
    """An element as its line says it; `said` is empty while it is none yet."""

    form: ElementForm
    place: int
    said: Sequence[prices.Row]
    last: bool


def _rows(editor: Editor, trying: Editor, live: TariffVersion | None, language: str) -> list[ElementRow]:
    count = len(editor.element_forms)
    return [
        ElementRow(form, n, _said(trying, n, live, language), n == count - 1)
        for n, form in enumerate(editor.element_forms)
    ]


def _said(trying: Editor, place: int, live: TariffVersion | None, language: str) -> Sequence[prices.Row]:
    form = trying.element_forms[place]
    if form.errors:
        return ()
    head = trying.head
    currency = head.cleaned_data.get("currency") if head.is_valid() else None
    alone = TariffVersion(elements=tariffs.dumps([form.element()]), currency=currency or "EUR")
    try:
        return prices.rows(alone, live, language)
    except parsing.Wrong:
        return ()
