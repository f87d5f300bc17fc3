"""/invoices/ (api-contract §9): numbered documents with their lines, VAT summary and payment state."""

import json
from decimal import Decimal
from typing import Any

import django_filters
import orjson
from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.numbers import VAT_ROW, Amount, amount, quantity
from billing.documents import pdf
from billing.models import EInvoice, Invoice, InvoiceLine
from billing.selectors import invoices as selectors
from billing.services.invoicing import einvoices
from billing.tariffs import exact
from cms.core import rest


class LineSerializer(serializers.Serializer[InvoiceLine]):
    position = serializers.IntegerField()
    cdr = serializers.UUIDField(source="cdr.uid", allow_null=True, default=None)
    text = serializers.CharField()
    quantity = serializers.SerializerMethodField()
    unit = serializers.CharField()
    unit_price = Amount()
    amount = Amount()
    vat_rate = serializers.SerializerMethodField()
    natura = serializers.CharField()

    def get_quantity(self, line: InvoiceLine) -> str:
        return quantity(exact.number(line.quantity))

    def get_vat_rate(self, line: InvoiceLine) -> str | None:
        return None if line.vat_rate is None else quantity(exact.number(line.vat_rate))


class InvoiceSerializer(serializers.ModelSerializer[Invoice]):
    """Amounts of the lines are gross with `tax_included`, else net. A credit note is negative and names what it `credits`.
    `sdi_state`: where its last e-invoice stands, null where there is none."""

    seller = serializers.SerializerMethodField()
    buyer = serializers.SerializerMethodField()
    lines = LineSerializer(many=True)
    vat_summary = serializers.SerializerMethodField()
    total_excl_vat = Amount()
    total_vat = Amount()
    total_incl_vat = Amount()
    payment_state = serializers.SerializerMethodField()
    sdi_state = serializers.ChoiceField(source="sdi", choices=EInvoice.State.choices, allow_null=True, read_only=True)
    credits = serializers.CharField(source="credits.number", default=None, allow_null=True)

    class Meta:
        model = Invoice
        fields = [
            "id",
            "kind",
            "number",
            "series",
            "year",
            "sequence",
            "issued_on",
            "due_on",
            "credits",
            "currency",
            "tax_included",
            "language",
            "seller",
            "buyer",
            "lines",
            "vat_summary",
            "total_excl_vat",
            "total_vat",
            "total_incl_vat",
            "payment_state",
            "fiscal_type",
            "sdi_state",
            "created_at",
        ]

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_seller(self, document: Invoice) -> Any:
        return orjson.Fragment(document.seller)

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_buyer(self, document: Invoice) -> Any:
        return orjson.Fragment(document.buyer)

    @extend_schema_field({"type": "array", "items": VAT_ROW})
    def get_vat_summary(self, document: Invoice) -> list[dict[str, str | None]]:
        rows = json.loads(document.vat_summary)
        return [{**row, "taxable": amount(Decimal(row["taxable"])), "vat": amount(Decimal(row["vat"]))} for row in rows]

    def get_payment_state(self, document: Invoice) -> str:
        return selectors.payment_state(document)


class InvoiceFilter(django_filters.FilterSet):
    number = django_filters.CharFilter()
    kind = django_filters.ChoiceFilter(choices=Invoice.Kind.choices)
    issued_after = django_filters.DateFilter(field_name="issued_on", lookup_expr="gte")
    issued_before = django_filters.DateFilter(field_name="issued_on", lookup_expr="lt")


class Invoices(rest.Resource):
    """Invoices and credit notes, newest first."""

    queryset = selectors.with_sdi(
        selectors.with_state(Invoice.objects.select_related("credits", "operator").prefetch_related("lines__cdr"))
    )
    serializer_class = InvoiceSerializer
    filterset_class = InvoiceFilter
    reads = "invoice.view"

    def get_object(self) -> Invoice:
        if not self.kwargs["pk"].isascii() or not self.kwargs["pk"].isdecimal() or len(self.kwargs["pk"]) > 18:
            raise Http404
        document: Invoice = super().get_object()
        return document

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True)
    def pdf(self, request: Request, pk: str) -> HttpResponse:
        """The document as PDF/A, in the language it was issued in."""
        document = self.get_object()
        name = f"{document.kind}-{document.number.replace('/', '-')}.pdf"
        headers = {"Content-Disposition": f'inline; filename="{name}"'}
        return HttpResponse(pdf.invoice(document), content_type="application/pdf", headers=headers)

    @extend_schema(responses={(200, "application/xml"): OpenApiTypes.BINARY})
    @action(detail=True)
    def fatturapa(self, request: Request, pk: str) -> HttpResponse:
        """The last FatturaPA file of the document. 409 einvoice_incomplete where something is missing (the sentence says what),
        einvoice_not_made where it follows within the hour, einvoice_not_needed outside Italy."""
        document = self.get_object()
        file = einvoices.last_file(document)
        headers = {"Content-Disposition": f'attachment; filename="{file.file_name}"'}
        return HttpResponse(bytes(file.xml), content_type="application/xml", headers=headers)
