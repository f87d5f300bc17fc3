"""/ops/cdrs/<id>/release/: somebody looked at a charge on hold and lets it be charged."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.doors import MemberRequest, members_only
from billing.models import CDR
from cms.core.errors import DomainError
from sessions_app.services import decisions


@require_POST
@members_only("invoice.issue")
def release(request: MemberRequest, pk: int) -> HttpResponse:
    cdr = get_object_or_404(CDR.objects.visible_to(request.user).filter(operator=request.operator), pk=pk)
    try:
        decisions.accept(
            session=cdr.session, reason=request.POST.get("reason") or _("Charge it as it is"), by=request.user
        )
    except DomainError as error:
        messages.error(request, error.text)
    else:
        messages.success(request, _("The charge is released: it will be collected and may be invoiced."))
    return redirect("waiting_cdrs")
