"""/ops/tokens/: cards and app accounts of an operator."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import access
from accounts.doors import MemberRequest, members_only
from accounts.forms import errors
from accounts.forms.tokens import TokenFileForm, TokenForm
from accounts.models import Token
from accounts.selectors import tokens as told
from accounts.services import token_import, tokens
from cms.core import typed
from cms.core.errors import Invalid

PAGE = 50


@members_only("token.view")
def page(request: MemberRequest) -> HttpResponse:
    found = Paginator(_matching(request), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": found,
        "rows": told.told(list(found)),
        "search": request.GET.get("search", ""),
        "status": request.GET.get("status", ""),
        "statuses": Token.Status.choices,
        "may_edit": access.can(request.user, "token.edit", request.operator),
    }
    return render(request, "operator/tokens/list.html", context)


@members_only("token.edit")
def create(request: MemberRequest) -> HttpResponse:
    form = TokenForm(request.POST or None, operator=request.operator)
    if request.method == "POST" and form.is_valid():
        try:
            token = tokens.create(
                operator=request.operator, id_tag=form.cleaned_data["uid"], by=request.user, **form.details()
            )
        except Invalid as error:
            errors.place(form, error, names={"id_tag": "uid"})
        else:
            messages.success(request, _("%(token)s may charge.") % {"token": token})
            return redirect("tokens")
    return render(request, "operator/tokens/form.html", {"form": form}, status=400 if form.errors else 200)


@members_only("token.edit")
def edit(request: MemberRequest, pk: int) -> HttpResponse:
    token = _mine(request, pk)
    form = TokenForm(request.POST or None, instance=token, operator=request.operator)
    if request.method == "POST" and form.is_valid():
        try:
            tokens.update(token=token, by=request.user, **form.details())
        except Invalid as error:
            errors.place(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("tokens")
    return render(
        request, "operator/tokens/form.html", {"form": form, "token": token}, status=400 if form.errors else 200
    )


@require_POST
@members_only("token.edit")
def set_status(request: MemberRequest, pk: int) -> HttpResponse:
    """Blocking needs no question: the message offers the way back."""
    token = _mine(request, pk)
    if request.POST.get("status") == Token.Status.BLOCKED:
        tokens.block(token=token, by=request.user)
        messages.success(request, _("%(token)s is blocked.") % {"token": token})
    else:
        tokens.unblock(token=token, by=request.user)
        messages.success(request, _("%(token)s may charge again.") % {"token": token})
    return redirect("tokens")


@require_POST
@members_only("token.edit")
def delete(request: MemberRequest, pk: int) -> HttpResponse:
    token = _mine(request, pk)
    tokens.delete(token=token, by=request.user)
    messages.success(request, _("%(token)s is deleted; past charges still show it.") % {"token": token})
    return redirect("tokens")


@members_only("token.edit")
def upload(request: MemberRequest) -> HttpResponse:
    form = TokenFileForm(request.POST, request.FILES) if request.method == "POST" else TokenFileForm()
    if form.is_valid():
        try:
            lines = token_import.read(form.cleaned_data["file"].read(token_import.MOST_BYTES + 1))
            made = token_import.create_all(operator=request.operator, lines=lines, by=request.user)
        except Invalid as error:
            errors.place(form, error)
        else:
            messages.success(request, _("%(n)s cards may charge.") % {"n": len(made)})
            return redirect("tokens")
    return render(request, "operator/tokens/upload.html", {"form": form}, status=400 if form.errors else 200)


def _matching(request: MemberRequest) -> QuerySet[Token]:
    found = Token.objects.filter(operator=request.operator).select_related("driver__user").order_by("-pk")
    if request.GET.get("status") in Token.Status.values:
        found = found.filter(status=request.GET["status"])
    if text := typed.line(request.GET.dict(), "search"):
        found = found.filter(
            Q(key__contains=text.upper()) | Q(label__icontains=text) | Q(driver__user__email__icontains=text)
        )
    else:  # a stranger's is made for one charge and forgotten after it: found by who looks for it
        found = found.exclude(key__startswith=tokens.ONCE_PREFIX, driver=None)
    return found


def _mine(request: MemberRequest, pk: int) -> Token:
    return get_object_or_404(Token.objects.filter(operator=request.operator), pk=pk)
