"""`/ops/settings/api-keys/`: keys for machines. A key is shown once, on the page that made it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.doors import MemberRequest, members_only
from accounts.forms import errors
from accounts.forms.member import ApiKeyForm
from accounts.models import ApiKey
from accounts.services import api_keys
from cms.core.errors import Invalid


@never_cache
@members_only("api_key.edit")
def page(request: MemberRequest) -> HttpResponse:
    form, shown = ApiKeyForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        shown = _made(request, form)
        form = form if form.errors else ApiKeyForm()
    keys = ApiKey.objects.filter(operator=request.operator).order_by("revoked_at", "-pk")
    facts = {"keys": keys, "form": form, "shown": shown}
    return render(request, "accounts/api_keys.html", facts, status=400 if form.errors else 200)


@require_POST
@members_only("api_key.edit")
def revoke(request: MemberRequest, pk: int) -> HttpResponse:
    key = get_object_or_404(ApiKey, operator=request.operator, pk=pk)
    api_keys.revoke(key=key, by=request.user)
    messages.success(request, _("“%(name)s” no longer works.") % {"name": key.name})
    return redirect("api_keys")


def _made(request: MemberRequest, form: ApiKeyForm) -> str | None:
    try:
        _row, key = api_keys.create(operator=request.operator, by=request.user, **form.cleaned_data)
    except Invalid as refused:
        errors.place(form, refused)
        return None
    return key
