"""`/invoices/`: numbered documents in my name."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from accounts.doors import PersonRequest
from billing.documents import pdf as documents
from cms.portal.selectors import mine
from cms.portal.views import files

PAGE = 50


@login_required
def page(request: PersonRequest) -> HttpResponse:
    shown = Paginator(mine.invoices(request.user), PAGE).get_page(request.GET.get("page"))
    return render(request, "driver/invoices.html", {"page": shown})


@login_required
def pdf(request: PersonRequest, pk: int) -> HttpResponse:
    invoice = get_object_or_404(mine.invoices(request.user), pk=pk)
    return files.pdf(documents.invoice(invoice), f"{invoice.number.replace('/', '-')}.pdf")
