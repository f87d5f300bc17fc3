"""/ops/promotions/: vouchers and promo codes, one by one or in batches, and what became of them."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from accounts.forms import errors
from billing.forms.promotions import PromotionForm
from billing.models import Promotion
from billing.selectors import promotions as selectors
from billing.services.prepaid import promoting
from cms.core import typed
from cms.core.errors import Invalid

PAGE = 50
SHOWN = 20


@members_only("promotion.view")
def page(request: MemberRequest) -> HttpResponse:
    """Single codes and batches; `?batch=` the codes of one, `?search=` any."""
    given = request.GET.dict()
    search, batch = typed.line(given, "search"), typed.line(given, "batch", most=60)
    found = selectors.listed(request.user, request.operator, search=search, batch=batch)
    context = {
        "page": Paginator(found, PAGE).get_page(request.GET.get("page")),
        "batches": [] if search or batch else selectors.batches(request.user, request.operator),
        "search": search,
        "batch": batch,
        "may_edit": access.can(request.user, "promotion.edit", request.operator),
    }
    return render(request, "operator/promotions/list.html", context)


@members_only("promotion.view")
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    promotion = _mine(request, pk)
    context = {
        "promotion": promotion,
        "places": promotion.locations.order_by("name"),
        "page": Paginator(selectors.redemptions(promotion), PAGE).get_page(request.GET.get("page")),
        "charges": selectors.charges(promotion)[:SHOWN],
        "may_edit": access.can(request.user, "promotion.edit", promotion),
    }
    return render(request, "operator/promotions/detail.html", context)


@members_only("promotion.edit")
def create(request: MemberRequest) -> HttpResponse:
    form = PromotionForm(request.operator, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _made(request, form)
        except Invalid as wrong:
            errors.place(form, wrong, names={"batch": "code", "valid_until": "until"})
    return render(request, "operator/promotions/form.html", {"form": form}, status=400 if form.errors else 200)


@require_POST
@members_only("promotion.edit")
def end(request: MemberRequest, pk: int) -> HttpResponse:
    promotion = _mine(request, pk)
    promoting.end(promotion=promotion, by=request.user)
    messages.success(request, _("%(code)s has ended.") % {"code": promotion})
    return redirect("promotion", pk=pk)


@require_POST
@members_only("promotion.edit")
def end_batch(request: MemberRequest) -> HttpResponse:
    batch = typed.line(request.POST.dict(), "batch", most=60)
    ended = promoting.end_batch(operator=request.operator, batch=batch, by=request.user)
    messages.success(request, _("%(n)s codes of %(batch)s have ended.") % {"n": ended, "batch": batch})
    return redirect("promotions")


def _made(request: MemberRequest, form: PromotionForm) -> HttpResponse:
    given, terms = form.cleaned_data, form.terms()
    locations = list(given["locations"])
    if given["count"] > 1:
        made = promoting.create_batch(
            operator=request.operator,
            batch=given["code"],
            count=given["count"],
            terms=terms,
            locations=locations,
            by=request.user,
        )
        messages.success(request, _("%(n)s codes are ready.") % {"n": len(made)})
        return redirect(f"/ops/promotions/?batch={made[0].batch}")
    promotion = promoting.create(
        operator=request.operator, code=given["code"], terms=terms, locations=locations, by=request.user
    )
    messages.success(request, _("%(code)s can be entered now.") % {"code": promotion})
    return redirect("promotion", pk=promotion.pk)


def _mine(request: MemberRequest, pk: int) -> Promotion:
    mine = Promotion.objects.visible_to(request.user).filter(operator=request.operator)
    return get_object_or_404(mine.select_related("group", "created_by"), pk=pk)
