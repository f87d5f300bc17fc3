"""/ops/search/?q=: one box for everything. A single exact hit opens at once."""

from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.doors import MemberRequest, members_only
from cms.core import typed
from cms.dashboard.selectors import search


@members_only("station.view")
def page(request: MemberRequest) -> HttpResponse:
    text = typed.line(request.GET.dict(), "q")
    groups = search.everything(request.user, request.operator, text) if text else []
    exact = [hit for _word, hits in groups for hit in hits if hit.exact]
    if len(exact) == 1:
        return redirect(exact[0].href)
    context = {"query": text, "groups": groups, "count": sum(len(hits) for _word, hits in groups)}
    return render(request, "operator/search.html", context)
