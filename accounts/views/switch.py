"""`/ops/switch/`: act for another operator of mine."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from accounts.doors import PersonRequest
from accounts.models import Operator
from accounts.selectors import members


@require_POST
@login_required
def operator(request: PersonRequest) -> HttpResponse:
    chosen = get_object_or_404(Operator.objects.visible_to(request.user), slug=request.POST.get("operator", ""))
    request.session[members.SESSION_KEY] = chosen.pk
    return redirect("/ops/")
