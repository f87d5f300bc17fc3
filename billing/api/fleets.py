"""/companies/: what a fleet's own software asks for, and the drivers that it invites."""

from typing import Any

from django.db.models import Prefetch
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Company, CompanyInvitation, CompanyMember
from billing.api.numbers import Amount
from billing.api.reading import Readable
from billing.selectors import companies
from billing.services.fleets import memberships


class MemberSerializer(serializers.ModelSerializer[CompanyMember]):
    email = serializers.EmailField(source="driver.user.email")
    monthly_cap = Amount(allow_null=True)

    class Meta:
        model = CompanyMember
        fields = ["id", "email", "cost_centre", "monthly_cap", "administrator", "joined_at", "left_at", "private"]


class CompanySerializer(serializers.ModelSerializer[Company]):
    """Amounts in the operator's currency, incl. VAT; caps are null where there is none. `spent`: charges that ended this month, by
    the operator's calendar."""

    monthly_cap = Amount(allow_null=True)
    credit_limit = Amount(allow_null=True)
    spent = serializers.SerializerMethodField()
    members = MemberSerializer(many=True)

    class Meta:
        model = Company
        fields = [
            "id",
            "name",
            "billing_name",
            "vat_number",
            "fiscal_code",
            "monthly_cap",
            "credit_limit",
            "spent",
            "payment_days",
            "archived_at",
            "members",
            "created_at",
        ]

    def get_spent(self, company: Company) -> str:
        return Amount().to_representation(self.context["budgets"][company.pk].spent)


class InvitationSerializer(serializers.ModelSerializer[CompanyInvitation]):
    monthly_cap = Amount(allow_null=True, default=None)
    cost_centre = serializers.CharField(max_length=40, allow_blank=True, default="")
    administrator = serializers.BooleanField(default=False)

    class Meta:
        model = CompanyInvitation
        fields = ["id", "email", "cost_centre", "monthly_cap", "administrator", "created_at"]


class Companies(Readable):
    """Companies with their members and what they have spent this month, newest first."""

    queryset = Company.objects.select_related("operator").prefetch_related(
        Prefetch("members", CompanyMember.objects.select_related("driver__user").order_by("pk"))
    )
    serializer_class = CompanySerializer
    reads = "company.view"
    rights = {"invitations": "company.edit"}

    def shown(self, rows: Any, *, many: bool) -> Any:
        companies_ = rows if many else [rows]
        budgets = companies.budgets(companies_, companies_[0].operator) if companies_ else {}
        context = {**self.get_serializer_context(), "budgets": budgets}
        return CompanySerializer(rows, many=many, context=context).data

    @extend_schema(request=InvitationSerializer, responses={201: InvitationSerializer})
    @action(detail=True, methods=["post"])
    def invitations(self, request: Request, pk: str) -> Response:
        """Invites a driver by mail; asked again for the same address, the open invitation is renewed. 409 already_member,
        company_archived."""
        company = self.get_object()
        asked = InvitationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made = memberships.invite(company=company, by=self.actor, **asked.validated_data)
        return Response(InvitationSerializer(made).data, status=201)
