"""/ops/more/: on a phone, what the five tabs leave out. /ops/rail/: the rail alone, when its badges move."""

from django.http import HttpResponse
from django.shortcuts import render

from accounts.doors import MemberRequest, members_only
from accounts.models import Operator
from cms.core import typed
from cms.templatetags import frame


@members_only("station.view")
def page(request: MemberRequest) -> HttpResponse:
    context = {
        "entries": frame.entries_for(request.user, request.operator)[4:],
        "operators": Operator.objects.visible_to(request.user),
    }
    return render(request, "operator/more.html", context)


@members_only("station.view")
def rail(request: MemberRequest) -> HttpResponse:
    return render(request, "operator/rail.html", {"here": typed.line(request.GET.dict(), "here")})
